//! Compresses the files of the page, and hashes them: the hash is a part of their URLs, so that a browser keeps them until a
//! deployment has others, and a page never gets a module of another version.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

const PAGE: &str = "src/page";

/// The page itself, whose URL stays the same.
const INDEX: &str = "index.html";

/// Most bytes of all files when they are compressed: what a first visit on a slow line loads.
const BUDGET: usize = 120_000;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PAGE}");
    let made = PathBuf::from(env::var("OUT_DIR")?);
    let (version, files) = (hash(&files()?)?, files()?);
    let (mut list, mut size) = (String::from("&[\n"), 0);
    for path in files.iter().filter(|path| !path.ends_with(INDEX)) {
        let name = name(path)?;
        let packed = gzip(&fs::read(path)?)?;
        size += packed.len();
        fs::write(made.join(name), packed)?;
        let (plain, packed) = (fs::canonicalize(path)?, made.join(name));
        let (plain, packed) = (plain.to_str().ok_or("a path")?, packed.to_str().ok_or("a path")?);
        writeln!(
            list,
            "    File {{ name: {name:?}, plain: include_bytes!({plain:?}), packed: include_bytes!({packed:?}) }},"
        )?;
    }
    if size > BUDGET {
        return Err(format!("the files of the console have {size} bytes when compressed, more than {BUDGET}").into());
    }
    fs::write(made.join("files.rs"), list + "]")?;
    let index = fs::read_to_string(Path::new(PAGE).join(INDEX))?;
    fs::write(made.join(INDEX), index.replace("{{version}}", &version))?;
    println!("cargo::rustc-env=CONSOLE_VERSION={version}");
    Ok(())
}

/// The files of the page, in order.
fn files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let files = fs::read_dir(PAGE)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    let mut files: Vec<PathBuf> = files.into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> Result<&str, Box<dyn Error>> {
    Ok(path.file_name().and_then(|name| name.to_str()).ok_or("a file without a name")?)
}

/// A hash of the names and contents of all files, in hexadecimal digits.
fn hash(files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut all = Sha256::new();
    for path in files {
        let content = fs::read(path)?;
        all.update(name(path)?);
        all.update((content.len() as u64).to_be_bytes());
        all.update(content);
    }
    Ok(all.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    packed.finish()
}
