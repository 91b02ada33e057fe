//! The HTTP listener.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long open requests may take after the stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// Listens on a loopback port; 0 picks a free one. If the port is taken, the error names the flag.
pub async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await.with_context(|| {
        format!(
            "cannot listen on 127.0.0.1:{port}; choose another port with --http-port, or a free one with --http-port 0"
        )
    })
}

/// Serves until `stop` becomes true or its sender is gone; open requests then have a second to finish.
pub async fn serve(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    // Without it, an answer in two writes waits for the client's delayed ACK.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let drained = axum::serve(listener, service).with_graceful_shutdown(stopped(stop.clone()));
    tokio::select! {
        ended = drained.into_future() => ended.context("the HTTP API has failed"),
        () = async { stopped(stop).await; tokio::time::sleep(DRAIN_LIMIT).await } => Ok(()),
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_says_which_flag_to_use() {
        let taken = bind(0).await.unwrap();
        let error = bind(taken.local_addr().unwrap().port()).await.unwrap_err();
        assert!(error.to_string().contains("--http-port"), "{error}");
    }
}
