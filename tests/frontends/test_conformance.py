"""jupyter_kernel_test: Jupyter's own suite of what a kernel must answer, whole. It checks every message against the schema.

The suite passes over a test, and over part of one, in silence when a sample is missing. So it is run by unittest's
own runner, which counts: as many as there are must have run, and none may be skipped.
"""

import os
import unittest
from unittest.mock import patch

import jupyter_kernel_test

ROWS = "SELECT key, cluster_name FROM system.local;"


class Kernel(jupyter_kernel_test.KernelTests):
    """The samples, on a notebook that is connected to the local Astra."""

    __test__ = False  # for pytest, which would count nothing

    kernel_name = "cql"
    language_name = "cql"
    file_extension = ".cql"

    code_hello_world = "%echo hello, world"
    code_stderr = "%warn the disk is nearly full"
    completion_samples = [
        {"text": "%disc", "matches": {"%disconnect"}},
        {"text": "SELECT * FROM system.loc", "matches": {"local"}},
        {"text": "trunc", "matches": {"truncate"}},
    ]
    complete_code_samples = ["SELECT * FROM t;", "%help", "t?", "USE a; USE b;"]
    incomplete_code_samples = ["SELECT 'open", "BEGIN BATCH INSERT INTO t (a) VALUES (1);", "SELECT *\nFROM t", "%%cql --all"]
    invalid_code_samples = ["%%nothing of the kind", "USE a;\n%%cql --all\nUSE b;"]
    code_page_something = "local?"
    code_generate_error = "SELECT * FROM nothing.of_the_kind;"
    code_execute_result = [
        {"code": ROWS, "mime": "text/html"},
        {"code": ROWS, "mime": "text/plain"},
        {"code": "SELECT cql_version FROM system.local;", "mime": "text/plain"},
    ]
    code_display_data = [{"code": "%help", "mime": "text/markdown"}, {"code": f"{ROWS} USE system;", "mime": "text/html"}]
    code_history_pattern = ROWS
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%connect"
    code_clear_output = "CLEAR"

    @classmethod
    def setUpClass(cls):
        """Connects."""
        super().setUpClass()
        reply = cls.kc.execute_interactive("%connect astra --no-save --keyspace system", timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        cls.kc.wait_for_ready(timeout=60)


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    """The welcome of JEP 65."""

    __test__ = False

    kernel_name = "cql"
    support_iopub_welcome = True


def test_the_whole_suite_passes_with_no_skip(astra, tmp_path):
    suite = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromTestCase, (Kernel, Welcome)))
    promised = 13  # of jupyter_kernel_test 0.7.0; a newer suite may have more
    assert suite.countTestCases() >= promised
    # A history of its own: the developer's stays as it is.
    with patch.dict(os.environ, astra, CQLBOOK_HISTORY=str(tmp_path / "history.jsonl")):
        result = unittest.TextTestRunner(verbosity=2).run(suite)
    assert result.testsRun == suite.countTestCases()
    assert [(str(test), reason) for test, reason in result.skipped] == []
    assert [text for _, text in result.failures + result.errors] == []


def test_no_sample_is_left_out():
    prefixes = ("code_", "completion_", "complete_", "incomplete_", "invalid_", "supported_", "support_")
    for suite, ours in ((jupyter_kernel_test.KernelTests, Kernel), (jupyter_kernel_test.IopubWelcomeTests, Welcome)):
        samples = [name for name, value in vars(suite).items() if name.startswith(prefixes) and not callable(value)]
        assert samples
        assert [name for name in samples if not getattr(ours, name)] == []
