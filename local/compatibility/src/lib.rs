//! Whether a contract may become another one without breaking those who know only the old one: [`schema`] judges JSON Schemas,
//! as events have them, and [`contract`] the HTTP API with the same judge. For tests only.
//!
//! Both compare structures, keyword by keyword. What they do not understand they never call compatible.

pub mod contract;
pub mod schema;
