//! Sets and maps that are bound or loaded are the values that their literals are, at every depth. The server is asked: it sorts
//! the elements of literals by its own comparators.

use crate::notebook::{Notebook, database};

/// Types of elements, and elements in an order that is not the server's.
const SETS: [(&str, &str); 24] = [
    ("ascii", "{'b', 'a', '', '~', 'A'}"),
    ("bigint", "{1, -1, 9223372036854775807, -9223372036854775808, 0}"),
    ("blob", "{0xff, 0x00, 0x, 0x01ff, 0x01}"),
    ("boolean", "{true, false}"),
    ("date", "{'2024-02-29', '1969-12-31', '1970-01-01'}"),
    ("decimal", "{10, -1.5, 0.10, 1E+2, -20, 0, 0.1000001, -0.001}"),
    ("double", "{NaN, 0.0, -0.0, Infinity, -Infinity, 1.5, -1.5, 1e-300}"),
    ("float", "{NaN, 1, -0.0, Infinity, -1.5, 0.0, -Infinity}"),
    ("inet", "{'255.0.0.1', '10.0.0.1', '2001:db8::1', '9.0.0.1', '::1'}"),
    ("int", "{1, -2147483648, 2147483647, -1, 0, 256}"),
    ("smallint", "{256, -1, 1, -32768}"),
    ("text", "{'é', 'z', '', 'ab', 'a', '𝄞', '～', 'Z'}"),
    ("time", "{'23:59:59.999999999', '00:00:00', '12:00:00'}"),
    ("timestamp", "{'2024-01-01T00:00:00Z', '1969-12-31T00:00:00Z', '1970-01-01T00:00:00Z'}"),
    (
        "timeuuid",
        "{00000000-0000-1001-8000-000000000000, ffffffff-0000-1000-8000-000000000000, 00000000-0001-1000-8000-00000000007f, \
         00000000-0001-1000-8000-0000000000ff, 00000000-0001-1000-bf00-000000000000}",
    ),
    ("tinyint", "{127, -128, 0, -1}"),
    (
        "uuid",
        "{f0000000-0000-4000-8000-000000000000, 00000000-0000-4000-bf00-0000000000ff, 00000000-0000-1001-8000-000000000000, \
         ffffffff-0000-1000-8000-000000000000, 00000000-0000-4000-8000-000000000000}",
    ),
    ("varint", "{128, -129, 127, -1, 300, 1000000000000000000000, -1000000000000000000000, 0, -128}"),
    ("frozen<list<int>>", "{[2], [1, 5], [1], [], [-1]}"),
    ("frozen<set<int>>", "{{3, 1}, {2}, {2, 1}, {-1}}"),
    ("frozen<map<text, int>>", "{{'b': 1}, {'a': 2}, {'c': 1, 'a': 1}, {'a': -1}}"),
    ("frozen<tuple<int, text>>", "{(2, null), (1, 'b'), (null, 'x'), (1, null), (1, '')}"),
    ("vector<float, 2>", "{[1, -1], [-1, 5], [1, -2]}"),
    ("vector<text, 2>", "{['b', 'a'], ['a', 'bb'], ['a', 'b']}"),
];

#[tokio::test]
async fn a_set_inside_of_a_value_is_sent_in_the_servers_order() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let folder = notebook.folder.path().to_owned();
    let columns = |form: &dyn Fn(usize, &str, &str) -> String| {
        let all = SETS.iter().enumerate().map(|(place, (ty, literal))| form(place, ty, literal));
        all.collect::<Vec<_>>().join(", ")
    };
    let types = columns(&|place, ty, _| format!("c{place} tuple<frozen<set<{ty}>>, int>"));
    notebook.ok(&format!("CREATE TABLE s (k int PRIMARY KEY, {types})")).await;
    let names = columns(&|place, _, _| format!("c{place}"));
    let literals = columns(&|_, _, literal| format!("({literal}, 1)"));
    notebook.ok(&format!("INSERT INTO s (k, {names}) VALUES (1, {literals})")).await;
    let params: String = SETS
        .iter()
        .enumerate()
        .map(|(place, (_, literal))| format!("%param q{place} = ({literal}, 1)\n"))
        .collect();
    let markers = columns(&|place, _, _| format!(":q{place}"));
    notebook.ok(&format!("{params}INSERT INTO s (k, {names}) VALUES (2, {markers})")).await;
    // In a file, as it was written.
    let fields: Vec<String> = SETS.iter().map(|(_, literal)| format!("\"({literal}, 1)\"")).collect();
    let text = format!("k,{}\n3,{}\n", names.replace(' ', ""), fields.join(","));
    std::fs::write(folder.join("s.csv"), text).unwrap();
    let told = notebook.ok("%import s.csv INTO s").await.plain().join("\n");
    assert!(told.contains("Loaded 1 rows") && told.contains("none rejected"), "{told}");
    let mut kept = Vec::new();
    for k in 1..=3 {
        notebook.ok(&format!("%%export {k}.jsonl\nSELECT {names} FROM s WHERE k = {k}")).await;
        let text = std::fs::read_to_string(folder.join(format!("{k}.jsonl"))).unwrap();
        kept.push(text.split("\"c").map(str::to_owned).collect::<Vec<_>>());
    }
    assert!(kept[0].len() > SETS.len(), "{:?}", kept[0]);
    for (place, literal) in kept[0].iter().enumerate() {
        assert_eq!(kept[1].get(place), Some(literal), "bound");
        assert_eq!(kept[2].get(place), Some(literal), "loaded");
    }
}

#[tokio::test]
async fn two_rows_whose_keys_are_the_same_set_are_one_row_and_the_later_one() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let folder = notebook.folder.path().to_owned();
    notebook
        .ok("CREATE TABLE t (p int, c frozen<tuple<int, frozen<set<int>>>>, s frozen<map<int, int>>, a text, b text, PRIMARY KEY (p, c, s))")
        .await;
    std::fs::write(
        folder.join("t.csv"),
        "p,c,s,a,b\n1,\"(5, {2, 1})\",\"{1: 1, 2: 2}\",x,a\n1,\"(5, {1, 2})\",\"{2: 2, 1: 1}\",a,x\n",
    )
    .unwrap();
    notebook.ok("%import t.csv INTO t").await;
    std::fs::write(
        folder.join("t.jsonl"),
        "{\"p\": 2, \"c\": [5, [2, 1]], \"s\": {\"2\": 2, \"1\": 1}, \"a\": \"x\", \"b\": \"a\"}\n\
         {\"p\": 2, \"c\": [5, [1, 2, 1]], \"s\": {\"1\": 1, \"2\": 2}, \"a\": \"a\", \"b\": \"x\"}\n",
    )
    .unwrap();
    notebook.ok("%import t.jsonl INTO t").await;
    notebook
        .ok("%param c = (5, {2, 1})\n%param s = {2: 2, 1: 1}\nINSERT INTO t (p, c, s, a, b) VALUES (3, :c, :s, 'a', 'x')")
        .await;
    for p in 1..=3 {
        // A literal that is written otherwise finds it.
        let found = "c = (5, {2, 1, 2}) AND s = {1: 1, 2: 2}";
        let rows =
            notebook.ok(&format!("SELECT a, b FROM t WHERE p = {p} AND {found}")).await.plain()[0].to_owned();
        assert!(rows.contains(" a | x") && rows.contains("(1 rows)"), "{p}: {rows}");
        let all = notebook.ok(&format!("SELECT a, b FROM t WHERE p = {p}")).await.plain()[0].to_owned();
        assert!(all.contains("(1 rows)"), "{p}: {all}");
    }
}
