"""jupyter_kernel_test: Jupyter's own suite of what a kernel must answer. It checks every message against the schema.

The suite passes over a test in silence when its sample is missing, so the samples that we leave out are counted.
"""

import jupyter_kernel_test


class CqlKernelTests(jupyter_kernel_test.KernelTests):
    """The suite, with samples that need no database."""

    kernel_name = "cql"
    language_name = "cql"
    file_extension = ".cql"

    completion_samples = [{"text": "%disc", "matches": {"%disconnect"}}]
    complete_code_samples = ["SELECT * FROM t;", "%help"]
    incomplete_code_samples = ["SELECT 'open", "BEGIN BATCH INSERT INTO t (a) VALUES (1);"]
    code_generate_error = "SELECT * FROM t;"
    code_inspect_sample = "%connect"
    code_display_data = [{"code": "%help", "mime": "text/markdown"}]


LEFT_OUT = {
    "code_hello_world": "a cell writes no stdout",
    "code_stderr": "a cell writes no stderr",
    "code_page_something": "a cell opens no pager",
    "code_execute_result": "needs a database",
    "code_clear_output": "needs a database: progress clears nothing else",
    "invalid_code_samples": "no text is certainly invalid before the server has seen it",
    "code_history_pattern": "history is not kept in this release",
    "supported_history_operations": "history is not kept in this release",
}


def test_no_other_sample_is_left_out():
    samples = {
        name
        for name, value in vars(jupyter_kernel_test.KernelTests).items()
        if name.startswith(("code_", "completion_", "complete_", "incomplete_", "invalid_", "supported_"))
        and not callable(value)
    }
    assert {name for name in samples if not getattr(CqlKernelTests, name)} == set(LEFT_OUT)
