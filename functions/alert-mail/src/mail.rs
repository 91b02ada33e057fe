//! The text of an alert. Pure.

use jiff::Timestamp;
use millrace_domain::ingredient::Notify;

/// Content of an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The alert for an ingredient that fell below half of its full level at `time`.
pub fn mail(alert: &Notify, time: Timestamp) -> Mail {
    let Notify { ingredient_id, name, stock, full_level, unit, .. } = alert;
    let time = time.strftime("%Y-%m-%d %H:%M:%S UTC");
    // A line break would end the subject header.
    let subject = format!("Low stock: {}", name.replace(['\r', '\n'], " "));
    let rows = [
        ("Ingredient", format!("{name} ({ingredient_id})")),
        ("In stock", format!("{stock} {unit}")),
        ("Threshold", format!("{} {unit}, half of {full_level} {unit}", full_level.div_ceil(2))),
        ("Seen at", time.to_string()),
    ];
    let lines: Vec<String> = rows.iter().map(|(label, value)| format!("{label}: {value}")).collect();
    let cells: Vec<String> = rows
        .iter()
        .map(|(label, value)| format!("<tr><th align=\"left\">{label}</th><td>{}</td></tr>", escape(value)))
        .collect();
    let text = format!("{name} is below half of its full level.\n\n{}\n", lines.join("\n"));
    let html = format!(
        "<!doctype html><html lang=\"en\"><body><p>{} is below half of its full level.</p><table>{}</table></body></html>",
        escape(name),
        cells.concat()
    );
    Mail { subject, text, html }
}

/// Escapes text for HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_names_what_runs_low_and_shows_hostile_names_as_text() {
        let alert = Notify {
            ingredient_id: "beef".to_owned().try_into().unwrap(),
            email: None,
            name: "Beef <script>\r\nBcc: x@example.com".to_owned(),
            stock: 49,
            full_level: 101,
            unit: "g".to_owned(),
            version: 7,
        };
        let mail = mail(&alert, "2026-11-21T06:00:00.5Z".parse().unwrap());
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        for part in ["beef", "49 g", "51 g, half of 101 g", "2026-11-21 06:00:00 UTC"] {
            assert!(mail.text.contains(part) && mail.html.contains(part), "{part}: {mail:?}");
        }
        assert!(mail.html.contains("Beef &lt;script&gt;") && !mail.html.contains("<script>"), "{}", mail.html);
    }
}
