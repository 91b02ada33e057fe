//! `millrace-receive`: a receiver of webhooks that prints what arrives, and whether its signature is valid.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use clap::Parser;
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

/// Maximum size of a webhook, in bytes; Millrace's have at most 20 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Prints the webhooks that arrive on a port of this machine, until Ctrl-C.
#[derive(Debug, Parser)]
struct Args {
    /// Port; 0 picks a free one.
    #[arg(long, default_value_t = 9999)]
    port: u16,
    /// Secret that verifies signatures; the default is what the local stack signs with.
    #[arg(long, default_value = "whsec_bWlsbHJhY2UgbG9jYWwgd2ViaG9va3Mh")]
    secret: String,
    /// HTTP status of the answers, to see what follows a failure.
    #[arg(long, default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("millrace-receive: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let verifier = Webhook::new(&args.secret).context("--secret is none of Standard Webhooks")?;
    let status = StatusCode::from_u16(args.status)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
    let listener = listener.with_context(|| format!("port {} is taken; --port picks another one", args.port))?;
    println!("Webhooks arrive at http://{}/. Ctrl-C stops it.", listener.local_addr()?);
    let router = Router::new().fallback(print).layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let router = router.with_state(std::sync::Arc::new((verifier, status)));
    tokio::select! {
        served = axum::serve(listener, router) => served.context("the receiver ended"),
        ended = tokio::signal::ctrl_c() => ended.context("Ctrl-C cannot be waited for"),
    }
}

async fn print(
    State(receiver): State<std::sync::Arc<(Webhook, StatusCode)>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let (verifier, status) = &*receiver;
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or("without a webhook-id");
    let signature = match verifier.verify(body.as_bytes(), &headers) {
        Ok(()) => "its signature is right".to_owned(),
        Err(error) => format!("its signature is NOT right: {error}"),
    };
    println!("{:.3} {uri} {id}: {body} ({signature}; answered {})", Timestamp::now(), status.as_u16());
    *status
}
