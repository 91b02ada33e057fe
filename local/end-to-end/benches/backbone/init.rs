//! Time from exec to the first poll of the Lambda Runtime API.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use local_template::model::Function;

/// Starts of each function.
pub const RUNS: usize = 20;

/// Starts of a function in either way, where two are compared.
pub const TURNS: usize = 100;

/// A function that has not polled by then is broken.
const LIMIT: Duration = Duration::from_secs(10);

/// A binary built for Lambda.
pub struct Built {
    pub megabytes: f64,
    /// The architecture that it runs on, as Rust names it.
    pub machine: &'static str,
}

impl Built {
    /// Reads the binary at `path`, if there is one.
    pub fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let Ok(bytes) = std::fs::read(path) else { return Ok(None) };
        // e_machine of the ELF header.
        let machine = match bytes.get(18..20).context("not an ELF file")? {
            [0x3e, 0] => "x86_64",
            [0xb7, 0] => "aarch64",
            _ => "?",
        };
        Ok(Some(Self { megabytes: bytes.len() as f64 / 1e6, machine }))
    }

    /// Whether it runs on this machine.
    pub fn runs_here(&self) -> bool {
        cfg!(target_os = "linux") && self.machine == std::env::consts::ARCH
    }
}

/// Median start time in milliseconds, with the environment that Lambda sets.
pub async fn median(binary: PathBuf, function: Function, aws: String) -> anyhow::Result<f64> {
    let measured = tokio::task::spawn_blocking(move || {
        (0..RUNS).map(|_| start(&binary, &function, &aws)).collect::<anyhow::Result<Vec<_>>>()
    });
    middle(measured.await??)
}

/// Median start times in milliseconds of a function with `API_AUTH` on and off, in turns, so that both have the same machine.
pub async fn with_access_and_without(binary: PathBuf, function: Function, aws: String) -> anyhow::Result<[f64; 2]> {
    let [on, off] = ["on", "off"].map(|auth| {
        let mut function = function.clone();
        function.environment.insert("API_AUTH".to_owned(), auth.to_owned());
        function
    });
    let measured = tokio::task::spawn_blocking(move || {
        let pair = || anyhow::Ok((start(&binary, &on, &aws)?, start(&binary, &off, &aws)?));
        (0..TURNS).map(|_| pair()).collect::<anyhow::Result<(Vec<_>, Vec<_>)>>()
    });
    let (on, off) = measured.await??;
    Ok([middle(on)?, middle(off)?])
}

fn middle(mut times: Vec<Duration>) -> anyhow::Result<f64> {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).context("nothing was measured")?;
    Ok(middle.as_secs_f64() * 1e3)
}

fn start(binary: &Path, function: &Function, aws: &str) -> anyhow::Result<Duration> {
    let runtime_api = TcpListener::bind(("127.0.0.1", 0))?;
    let mut command = Command::new(binary);
    environment(&mut command, function, runtime_api.local_addr()?, aws);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
    let polled = first_poll(&runtime_api, begin);
    child.kill()?;
    child.wait()?;
    polled.with_context(|| format!("{} does not poll", binary.display()))
}

fn environment(command: &mut Command, function: &Function, runtime_api: SocketAddr, aws: &str) {
    let memory = function.memory_mb.to_string();
    let runtime_api = runtime_api.to_string();
    command.env_clear().envs(&function.environment).envs([
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_RUNTIME_API", &runtime_api),
    ]);
}

/// Waits for the poll, which is never answered; the function is killed afterwards.
fn first_poll(runtime_api: &TcpListener, begin: Instant) -> anyhow::Result<Duration> {
    runtime_api.set_nonblocking(true)?;
    let mut connection: Option<TcpStream> = None;
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while begin.elapsed() < LIMIT {
        match &mut connection {
            None => match runtime_api.accept() {
                Ok((stream, _)) => {
                    stream.set_read_timeout(Some(LIMIT))?;
                    stream.set_nonblocking(false)?;
                    connection = Some(stream);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_micros(50));
                }
                Err(error) => return Err(error.into()),
            },
            Some(stream) => match stream.read(&mut chunk)? {
                0 => bail!("it closed the connection"),
                read => {
                    request.extend(chunk.iter().take(read));
                    if request.starts_with(b"GET /2018-06-01/runtime/invocation/next ") {
                        return Ok(begin.elapsed());
                    }
                }
            },
        }
    }
    bail!("no poll within {} s", LIMIT.as_secs())
}
