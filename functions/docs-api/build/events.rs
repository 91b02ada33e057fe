//! The page of the topics and their events. It has no script and loads one style sheet.

use std::error::Error;
use std::fmt::Write;

use serde_norway::{Mapping, Value};

/// How a document refers to a schema.
const SCHEMAS: &str = "../shared/schemas/";

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace events</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="events.css">
</head>
<body>
<h1>Events</h1>
<p>Made from <a href="../asyncapi.json">asyncapi.json</a>; the HTTP API is <a href="../docs">there</a>.</p>
"#;

/// The page for a document of topics. `schema` reads the schema of a file name.
pub fn page(
    topics: &Value,
    schema: impl Fn(&str) -> Result<serde_json::Value, Box<dyn Error>>,
) -> Result<String, Box<dyn Error>> {
    let mut html = HEAD.to_owned();
    for paragraph in text(&topics["info"]["description"])?.split("\n\n") {
        writeln!(html, "<p>{}</p>", prose(paragraph))?;
    }
    html.push_str("<nav>\n<ul>\n");
    for (_, channel) in entries(&topics["channels"])? {
        let address = text(&channel["address"])?;
        writeln!(html, "<li><a href=\"#{address}\">{address}</a></li>")?;
    }
    html.push_str("</ul>\n</nav>\n");
    for (name, channel) in entries(&topics["channels"])? {
        topic(&mut html, topics, text(name)?, channel)?;
        for (message, _) in entries(&channel["messages"])? {
            let message = &topics["components"]["messages"][text(message)?];
            let file = text(&message["payload"]["$ref"])?.strip_prefix(SCHEMAS).ok_or("a payload without a schema")?;
            event(&mut html, message, file, &schema(file)?)?;
        }
    }
    Ok(html + "</body>\n</html>\n")
}

/// A topic: its key, partitions, and who sends and receives.
fn topic(html: &mut String, topics: &Value, name: &str, channel: &Value) -> Result<(), Box<dyn Error>> {
    let address = text(&channel["address"])?;
    let partitions = channel["bindings"]["kafka"]["partitions"].as_u64().ok_or("a topic without partitions")?;
    writeln!(html, "<h2 id=\"{address}\">{address}</h2>\n<p>{}</p>", prose(text(&channel["description"])?))?;
    let (first, _) = entries(&channel["messages"])?.next().ok_or("a topic without events")?;
    let key = text(&topics["components"]["messages"][text(first)?]["bindings"]["kafka"]["key"]["description"])?;
    writeln!(html, "<p>{partitions} partitions. Key: {}</p>\n<table>", prose(key))?;
    writeln!(html, "<tr><th>function</th><th></th><th>consumer group</th><th></th></tr>")?;
    let reference = format!("#/channels/{name}");
    for (_, operation) in entries(&topics["operations"])? {
        if operation["channel"]["$ref"].as_str() != Some(&reference) {
            continue;
        }
        let verb = if operation["action"].as_str() == Some("send") { "sends" } else { "receives" };
        let group = operation["bindings"]["kafka"]["groupId"]["const"].as_str().unwrap_or_default();
        let (function, summary) = (text(&operation["title"])?, prose(text(&operation["summary"])?));
        writeln!(html, "<tr><td>{function}</td><td>{verb}</td><td>{group}</td><td>{summary}</td></tr>")?;
    }
    html.push_str("</table>\n");
    Ok(())
}

/// An event: the fields of its data, and an example.
fn event(html: &mut String, message: &Value, file: &str, schema: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    let name = text(&message["name"])?;
    writeln!(html, "<h3 id=\"{name}\">{name}</h3>\n<p>{}", prose(text(&message["summary"])?))?;
    writeln!(html, "<a href=\"../schemas/{file}\">Schema</a></p>\n<table>")?;
    writeln!(html, "<tr><th>data</th><th>type</th><th></th><th></th></tr>")?;
    fields(html, "", &schema["properties"]["data"])?;
    let example = serde_json::to_string_pretty(&message["examples"][0]["payload"])?;
    writeln!(html, "</table>\n<pre>{}</pre>", escaped(&example))?;
    Ok(())
}

/// A row for each field of an object, and for each below it.
fn fields(html: &mut String, path: &str, schema: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let needed = if required.iter().any(|it| it == name) { "required" } else { "" };
        let (kind, about) = (kind(field), prose(field["description"].as_str().unwrap_or_default()));
        writeln!(html, "<tr><td>{path}</td><td>{kind}</td><td>{needed}</td><td>{about}</td></tr>")?;
        fields(html, &path, field)?;
        fields(html, &format!("{path}[]"), &field["items"])?;
    }
    Ok(())
}

/// The type of a field, or its values.
fn kind(field: &serde_json::Value) -> String {
    let values = field["oneOf"].as_array().into_iter().flatten().filter_map(|value| value["const"].as_str());
    let types = match &field["type"] {
        serde_json::Value::Array(types) => types.iter().filter_map(|kind| kind.as_str()).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    let all: Vec<&str> = types.into_iter().chain(values).chain(field["format"].as_str()).collect();
    escaped(&all.join(", "))
}

fn entries(value: &Value) -> Result<serde_norway::mapping::Iter<'_>, Box<dyn Error>> {
    Ok(value.as_mapping().map(Mapping::iter).ok_or("a mapping was expected")?)
}

fn text(value: &Value) -> Result<&str, Box<dyn Error>> {
    Ok(value.as_str().ok_or("a text was expected")?)
}

/// Text with what is between backticks as code.
fn prose(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    let parts =
        parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.replace("**", "") });
    parts.collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
