//! Which name the server complains of, read from its words. Pure text.

/// What a name was meant to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Keyspace,
    Table,
    View,
    Column,
    /// A field of a user-defined type, which the message may name.
    Field,
    Type,
    Function,
    Index,
}

/// A name that the server does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) thing: Thing,
    /// The name, without quotes and without its keyspace.
    pub(super) name: String,
    /// The keyspace, or for a field the type, that the message names.
    pub(super) of: Option<String>,
}

/// How the server words it: what stands before the name, what stands behind it, and what the name is of. `None` behind
/// ends the name with the text.
const FORMS: &[(Thing, &str, Option<&str>)] = &[
    (Thing::Column, "Undefined column name ", Some(" in table ")),
    (Thing::Column, "Undefined column name ", None),
    (Thing::Column, "Unknown identifier ", None),
    (Thing::Column, "Column ", Some(" was not found in table ")),
    (Thing::Column, "Column ", Some(" doesn't exist")),
    (Thing::Field, "Unknown field ", Some(" in value of user defined type ")),
    (Thing::Type, "Unknown type ", None),
    (Thing::Type, "User defined type ", Some(" not found in ")),
    (Thing::Type, "Type ", Some(" doesn't exist")),
    (Thing::Function, "Unknown function ", Some(" called")),
    (Thing::Function, "Unknown function ", None),
    (Thing::Function, "Function ", Some(" doesn't exist")),
    (Thing::Function, "Aggregate ", Some(" doesn't exist")),
    (Thing::Index, "Index ", Some(" doesn't exist")),
    (Thing::View, "Materialized view ", Some(" doesn't exist")),
    (Thing::Table, "Table ", Some(" doesn't exist")),
    (Thing::Table, "Table ", Some(" not found in keyspace ")),
    (Thing::Table, "table ", Some(" does not exist")),
    (Thing::Table, "unconfigured table ", None),
    (Thing::Keyspace, "Keyspace ", Some(" does not exist")),
    (Thing::Keyspace, "keyspace ", Some(" does not exist")),
    (Thing::Keyspace, "Keyspace ", Some(" doesn't exist")),
    (Thing::Keyspace, "", Some(" not found in keyspaces")),
];

/// Reads a complaint; `None` for a text that complains of no name.
pub(super) fn read(text: &str) -> Option<Complaint> {
    let text = text.trim().trim_end_matches('.');
    if let Some((typed, field)) = text.split_once(" has no field ") {
        let of = typed
            .rsplit_once(" of type ")
            .map(|(_, of)| of.trim_start_matches("frozen<").trim_end_matches('>'));
        return Some(Complaint { thing: Thing::Field, name: bare(field), of: of.map(bare) });
    }
    FORMS.iter().find_map(|(thing, before, behind)| {
        let rest = text.strip_prefix(before)?;
        let (name, rest) = match behind {
            Some(behind) => rest.split_once(behind)?,
            None => (rest, ""),
        };
        // The quotes may stand around name and keyspace together, or be those of CQL.
        let name = name.trim().trim_matches('\'');
        let (of, name) = match name.rsplit_once('.') {
            Some((of, name)) if *thing != Thing::Keyspace => (Some(bare(of)), bare(name)),
            _ => (None, bare(name)),
        };
        let of = if *thing == Thing::Field { Some(bare(rest)) } else { of };
        (!name.is_empty() && !name.contains(char::is_whitespace) || text.contains('"')).then_some(Complaint {
            thing: *thing,
            name,
            of,
        })
    })
}

/// The keyspace that a permission is wanted on: `… on <all tables in ks> …`, `… on <keyspace ks> …`, `… on <table ks.t> …`.
pub(super) fn keyspace_of_permission(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(" permission on <")?;
    let (resource, _) = rest.split_once('>')?;
    let name = ["all tables in ", "keyspace ", "table ", "all functions in "]
        .iter()
        .find_map(|kind| resource.strip_prefix(kind))?;
    name.split('.').next()
}

fn bare(name: &str) -> String {
    let name = name.trim().trim_matches('\'');
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.split('(').next().unwrap_or(name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_name_is_found_in_what_servers_say() {
        let of = |text: &str| match read(text) {
            Some(Complaint { thing, name, of }) => {
                format!("{thing:?} {name} of {}", of.as_deref().unwrap_or("-"))
            }
            None => format!("nothing in {text}"),
        };
        let said = [
            "Undefined column name vv in table flights.zz_t",
            "Undefined column name \"V v\" in table flights.zz_t",
            "Column vv was not found in table 'flights.zz_t'",
            "Unknown field 'ctiy' in value of user defined type zz_place",
            "p of type frozen<zz_place> has no field ctiy",
            "Unknown type flights.zz_plaec",
            "Type 'flights.zz_plaec' doesn't exist",
            "User defined type 'zz_plaec' not found in 'flights'",
            "Unknown function 'flights.cuont'",
            "Unknown function tomunit called",
            "Function 'flights.ff' doesn't exist",
            "Index 'flights.zz_idxx' doesn't exist'",
            "Table 'flights.zz_tt' doesn't exist",
            "Table 'zz_tt' doesn't exist",
            "Table 'zz_tt' not found in keyspace 'flights'",
            "table zz_tt does not exist",
            "unconfigured table zz_tt",
            "Materialized view 'flights.zz_mv' doesn't exist",
            "Keyspace 'flihgts' does not exist",
            "keyspace flihgts does not exist",
            "'flihgts' not found in keyspaces",
            "Unable to coerce 'today' to a formatted date (long)",
            "Some clustering keys are missing: id",
        ];
        assert_snapshot!(said.map(of).join("\n"), @r"
        Column vv of -
        Column V v of -
        Column vv of -
        Field ctiy of zz_place
        Field ctiy of zz_place
        Type zz_plaec of flights
        Type zz_plaec of flights
        Type zz_plaec of -
        Function cuont of flights
        Function tomunit of -
        Function ff of flights
        Index zz_idxx of flights
        Table zz_tt of flights
        Table zz_tt of -
        Table zz_tt of -
        Table zz_tt of -
        Table zz_tt of -
        View zz_mv of flights
        Keyspace flihgts of -
        Keyspace flihgts of -
        Keyspace flihgts of -
        nothing in Unable to coerce 'today' to a formatted date (long)
        nothing in Some clustering keys are missing: id
        ");
    }

    #[test]
    fn a_permission_names_its_keyspace() {
        let of = |resource: &str| {
            let text = format!("User u has no CREATE permission on <{resource}> or any of its parents");
            keyspace_of_permission(&text).map(str::to_owned)
        };
        for resource in ["all tables in ks", "keyspace ks", "table ks.t"] {
            assert_eq!(of(resource).as_deref(), Some("ks"), "{resource}");
        }
        assert_eq!(of("all keyspaces"), None);
    }
}
