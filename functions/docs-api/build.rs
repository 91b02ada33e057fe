//! Converts the contract from YAML, which people write, to JSON at build time: parsing YAML at start-up would take 3.6
//! ms until the first poll instead of 1.7 ms.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const CONTRACT: &str = "../../contracts/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={CONTRACT}");
    // Keeps the order of the fields.
    let contract: serde_norway::Value = serde_norway::from_str(&fs::read_to_string(CONTRACT)?)?;
    let made = Path::new(&env::var("OUT_DIR")?).join("openapi.json");
    Ok(fs::write(made, serde_json::to_string(&contract)?)?)
}
