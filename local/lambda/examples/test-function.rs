//! A Lambda function for the tests of the function supervisor. The event says what it does: `{"do":"echo"}`.

use std::time::Duration;

use lambda_runtime::streaming::{self, Body};
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, MetadataPrelude, StreamResponse, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    println!("init");
    match std::env::var("INIT").as_deref() {
        Ok("fail") => std::process::exit(3),
        Ok("hang") => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    lambda_runtime::Runtime::new(service_fn(answer)).run_concurrent().await
}

async fn answer(event: LambdaEvent<Value>) -> Result<FunctionResponse<Value, Body>, Error> {
    if event.payload["queryStringParameters"]["do"] == "stream" {
        return Ok(FunctionResponse::StreamingResponse(stream(&event.payload)));
    }
    handle(event).await.map(FunctionResponse::BufferedResponse)
}

/// Streams what path it was asked for, and then what it is told: ends, goes on for ever, or dies.
fn stream(payload: &Value) -> StreamResponse<Body> {
    let then = payload["queryStringParameters"]["then"].as_str().unwrap_or_default().to_owned();
    let (mut sender, body) = streaming::channel();
    let first = format!("{}\n", payload["rawPath"]);
    tokio::spawn(async move {
        let mut chunk = first;
        // An error means that nobody receives any more.
        while sender.send_data(std::mem::replace(&mut chunk, "more\n".to_owned()).into()).await.is_ok() {
            match then.as_str() {
                "end" => return,
                "die" => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    std::process::exit(1)
                }
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        println!("nobody receives");
    });
    let mut metadata_prelude = MetadataPrelude { cookies: vec!["a=b".to_owned()], ..MetadataPrelude::default() };
    metadata_prelude.headers.insert("content-type", http::HeaderValue::from_static("text/event-stream"));
    StreamResponse { metadata_prelude, stream: body }
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let number = |name: &str| payload[name].as_u64().unwrap_or_default();
    // Through the HTTP API it is in the query.
    let task = payload["do"].as_str().or(payload["queryStringParameters"]["do"].as_str());
    println!("doing {task:?}");
    match task {
        Some("echo") => {}
        Some("sleep") => tokio::time::sleep(Duration::from_millis(number("ms"))).await,
        Some("hang") => std::future::pending().await,
        Some("exit") => std::process::exit(i32::try_from(number("code"))?),
        Some("abort") => std::process::abort(),
        Some("error") => return Err("told to".into()),
        Some("big") => return Ok(Value::String("x".repeat(usize::try_from(number("bytes"))?))),
        Some("http") => {
            let headers = json!({ "content-type": "application/json", "x-answered-by": context.request_id });
            return Ok(
                json!({ "statusCode": 201, "headers": headers, "cookies": ["a=b"], "body": payload.to_string() }),
            );
        }
        Some("garbage") => garbage().await?,
        other => return Err(format!("cannot do {other:?}").into()),
    }
    let left = context.deadline().duration_since(std::time::SystemTime::now())?;
    Ok(json!({
        "pid": std::process::id(),
        "requestId": context.request_id,
        "arn": context.invoked_function_arn,
        "trace": context.xray_trace_id,
        "leftMs": u64::try_from(left.as_millis())?,
        "payload": payload,
        "environment": std::env::vars().collect::<std::collections::BTreeMap<_, _>>(),
    }))
}

/// Answers an invocation that does not exist; then the real one continues.
async fn garbage() -> Result<(), Error> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    for path in ["2018-06-01/runtime/invocation/nobody/response", "nonsense"] {
        let mut stream = tokio::net::TcpStream::connect(&api).await?;
        let request =
            format!("POST /{path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        println!("garbage: {}", answer.lines().next().unwrap_or_default());
    }
    Ok(())
}
