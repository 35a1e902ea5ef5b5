//! Has the program linked at a fixed address on Linux. With polars there are 150,000 pointers to constants in it; the loader of
//! a program at any address writes each at every start, and reads the list of them: 7 of 21 MB that a kernel at rest would hold.
//! Libraries, heap and stacks are at random addresses still. `docs/architecture.md`, Decisions.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(name).unwrap_or_default();
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
