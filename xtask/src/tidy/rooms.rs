//! Which room may use which: the directions of `docs/architecture.md`, held against what cargo says.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::Finding;
use crate::failure::{Explain, Outcome};
use crate::shell;

/// A member, the members it may depend on, and those that only its tests may.
type Room = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Every member of the workspace.
const ROOMS: [Room; 11] = [
    ("cqlbook-core", &[], &[]),
    ("cqlbook-wire", &[], &["cqlbook-wire"]),
    ("cqlbook-cluster", &["cqlbook-core"], &["cqlbook-sandbox"]),
    ("cqlbook-vault", &["cqlbook-core"], &[]),
    ("cqlbook-analysis", &["cqlbook-core"], &[]),
    ("cqlbook-engine", &["cqlbook-analysis", "cqlbook-core"], &[]),
    (
        "cqlbook",
        &["cqlbook-core", "cqlbook-wire", "cqlbook-cluster", "cqlbook-vault", "cqlbook-analysis"],
        &[],
    ),
    ("cqlbook-sandbox", &[], &[]),
    ("cqlbook-behaviour", &[], &["cqlbook-fuzz", "cqlbook-sandbox", "cqlbook-wire"]),
    ("cqlbook-fuzz", &[], &["cqlbook-cluster", "cqlbook-core", "cqlbook-wire"]),
    ("xtask", &[], &[]),
];

/// What `cargo metadata` says of the workspace, as far as it is needed.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// The files that cargo compiles by itself, relative to the checkout.
    pub(super) roots: BTreeSet<String>,
    members: Vec<Member>,
}

#[derive(Debug, Default)]
struct Member {
    name: String,
    manifest: String,
    /// (name, whether only the tests use it), of members of the workspace only.
    uses: Vec<(String, bool)>,
}

impl Workspace {
    pub(super) fn read(root: &Path) -> Outcome<Self> {
        let said = shell::output(shell::cargo().current_dir(root).args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let metadata: Value = serde_json::from_str(&said).explain("Cannot read what cargo metadata says")?;
        Ok(Self::of(&metadata, root))
    }

    fn of(metadata: &Value, root: &Path) -> Self {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let relative = |path: String| {
            let path = Path::new(&path);
            path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
        };
        let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        let packages = list(metadata, "packages");
        let names: BTreeSet<String> = packages.iter().map(|package| text(package, "name")).collect();
        let mut workspace = Self::default();
        for package in &packages {
            workspace
                .roots
                .extend(list(package, "targets").iter().map(|target| relative(text(target, "src_path"))));
            let uses = list(package, "dependencies")
                .iter()
                .map(|dependency| (text(dependency, "name"), dependency["kind"] == "dev"))
                .filter(|(name, _)| names.contains(name))
                .collect();
            let manifest = relative(text(package, "manifest_path"));
            workspace.members.push(Member { name: text(package, "name"), manifest, uses });
        }
        workspace
    }
}

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let Some((_, may, tests_may)) = ROOMS.iter().find(|(name, ..)| *name == member.name) else {
            findings.push(Finding::new(
                &member.manifest,
                0,
                "This room's directions are not in xtask/src/tidy/rooms.rs.",
            ));
            continue;
        };
        for (name, only_tests) in &member.uses {
            let allowed = may.contains(&name.as_str()) || (*only_tests && tests_may.contains(&name.as_str()));
            if !allowed {
                findings.push(Finding::new(
                    &member.manifest,
                    0,
                    format!("{} may not use {name}.", member.name),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    impl Workspace {
        /// A workspace of which only the roots are known, for the tests of the other checks.
        pub(in crate::tidy) fn of_roots(roots: BTreeSet<String>) -> Self {
            Self { roots, members: Vec::new() }
        }
    }

    fn workspace(uses: &Value) -> Workspace {
        let packages = json!([
            {"name": "cqlbook-cluster", "manifest_path": "/r/kernel/cluster/Cargo.toml", "dependencies": uses,
             "targets": [{"src_path": "/r/kernel/cluster/src/lib.rs"}]},
            {"name": "cqlbook-sandbox", "manifest_path": "/r/tests/sandbox/Cargo.toml"},
            {"name": "cqlbook-wire", "manifest_path": "/r/kernel/wire/Cargo.toml"},
        ]);
        Workspace::of(&json!({ "packages": packages }), Path::new("/r"))
    }

    #[test]
    fn the_direction_is_held() {
        let fine = json!([{"name": "scylla", "kind": null}, {"name": "cqlbook-sandbox", "kind": "dev"}]);
        assert_eq!(check(&workspace(&fine)), []);
        let wrong =
            json!([{"name": "cqlbook-wire", "kind": null}, {"name": "cqlbook-sandbox", "kind": null}]);
        let found: Vec<_> = check(&workspace(&wrong)).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "kernel/cluster/Cargo.toml: cqlbook-cluster may not use cqlbook-wire.",
                "kernel/cluster/Cargo.toml: cqlbook-cluster may not use cqlbook-sandbox."
            ]
        );
    }

    #[test]
    fn the_roots_are_what_cargo_compiles() {
        assert!(workspace(&json!([])).roots.contains("kernel/cluster/src/lib.rs"));
    }
}
