//! Splits the text of a cell into statements, shell commands and magic lines.
