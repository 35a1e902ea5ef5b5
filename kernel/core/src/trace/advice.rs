//! What to do about what a trace shows: the second sentence of each finding.

pub(super) const TOMBSTONES: &str = "Deleted and expired cells are read until compaction drops them, after `gc_grace_seconds`. \
    Ask for a narrower range that leaves the deleted part out, and do not write nulls; for a queue, use a new partition for each \
    stretch of time.";
pub(super) const SCANNED: &str = "Rows were read and thrown away. Give the partition key, or a range of the clustering columns; \
    or make an index on the column that filters, or a table with that column in its key.";
pub(super) const SSTABLES: &str = "The partition is spread over many files. Compaction is behind, or its strategy does not fit: for rows \
    that are often updated, look at leveled or unified compaction.";
pub(super) const BLOOM: &str =
    "A smaller `bloom_filter_fp_chance` of the table makes them right more often, for more memory.";
pub(super) const DISAGREE: &str = "Now and then that is usual after a node was away. If it comes again, run a repair of the table, and write \
    at `LOCAL_QUORUM`.";
pub(super) const SPECULATED: &str = "Once is chance: a pause of that node. If it is often the same node, look at its load, its disk and its \
    garbage collection.";
pub(super) const SILENT: &str = "See whether that node is up, and whether the coordinator can reach it.";
pub(super) const FAILED: &str =
    "See which nodes are down or overloaded. A lower `CONSISTENCY` needs fewer answers.";
pub(super) const INDEX: &str = "Without the partition key, an index has to be searched on enough nodes to cover the table. Give the \
    partition key too where you know it.";
pub(super) const RANGES: &str =
    "This takes longer the more data there is. Give the partition key, or export the table with `%%export`.";
pub(super) const PAXOS: &str = "Use `IF` only where two writers can really meet.";
pub(super) const CONTENTION: &str =
    "Have fewer writers meet on one partition: split it, or give each its own.";
pub(super) const BATCH: &str =
    "A batch makes writes happen together, not faster. For independent rows, send single statements.";
pub(super) const FAR: &str =
    "With `CONSISTENCY LOCAL_QUORUM` only the coordinator's own data centre is waited for.";
pub(super) const PERMISSIONS: &str = "Permissions are kept for a while (`permissions_validity`, `roles_validity`), so that a second run is \
    quicker. Run it again to see the statement alone.";
pub(super) const QUEUE: &str = "The nodes were busy with other work, or had just been woken up. Run it again; if it stays, look at their load.";
pub(super) const PARSE: &str = "A prepared statement (with `:name` values) is parsed once. The first run of a statement is also slowed by a \
    server that has just started.";
pub(super) const WAY: &str = "Either the network is slow, or that node was paused when the message came: garbage collection, a busy processor, a \
    frozen machine. Compare with another run (`%trace compare`).";
pub(super) const CLOCK: &str = "Let all nodes follow one time source (NTP): their clocks also order writes.";
