//! Makes what this function serves at build time: the contracts from YAML, which people write, to JSON, because parsing YAML at
//! start-up would take 3.6 ms until the first poll instead of 1.7 ms; the list of schemas; and the page of the events.

mod events;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_norway::Value;

const OPENAPI: &str = "../../contracts/openapi.yaml";
const ASYNCAPI: &str = "../../contracts/asyncapi.yaml";
const SCHEMAS: &str = "../../shared/schemas";

/// Where the document of the topics refers to the schemas, in the repository and as it is served.
const REFERENCE: (&str, &str) = ("../shared/schemas/", "schemas/");

fn main() -> Result<(), Box<dyn Error>> {
    for path in [OPENAPI, ASYNCAPI, SCHEMAS] {
        println!("cargo::rerun-if-changed={path}");
    }
    let made = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(made.join("openapi.json"), json(&fs::read_to_string(OPENAPI)?)?)?;
    let topics = fs::read_to_string(ASYNCAPI)?;
    fs::write(made.join("asyncapi.json"), json(&topics.replace(REFERENCE.0, REFERENCE.1))?)?;
    let schemas = schemas()?;
    fs::write(made.join("schemas.rs"), list(&schemas)?)?;
    let schema = |name: &str| -> Result<serde_json::Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&fs::read_to_string(Path::new(SCHEMAS).join(name))?)?)
    };
    let page = events::page(&serde_norway::from_str(&topics)?, schema)?;
    Ok(fs::write(made.join("events.html"), page)?)
}

/// JSON whose fields are in the order of the YAML.
fn json(yaml: &str) -> Result<String, Box<dyn Error>> {
    let document: Value = serde_norway::from_str(yaml)?;
    Ok(serde_json::to_string(&document)?)
}

/// The files of all schemas, by name.
fn schemas() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let files = fs::read_dir(SCHEMAS)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    let mut files: Vec<PathBuf> = files.into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// A Rust expression: the name and the text of each schema.
fn list(schemas: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut expression = String::from("&[\n");
    for path in schemas {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a schema without a name")?;
        let path = fs::canonicalize(path)?;
        expression.push_str(&format!(
            "    ({name:?}, include_str!({:?})),\n",
            path.to_str().ok_or("a path that is no text")?
        ));
    }
    Ok(expression + "]")
}
