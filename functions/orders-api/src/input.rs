//! Parses request bodies, and reports mistakes.

use millrace_api::Problem;
use millrace_domain::email::EmailAddress;
use millrace_domain::id::{IngredientId, ProductId};
use millrace_domain::ingredient::MAX_UNIT;
use millrace_domain::order::{MAX_LINES, MAX_QUANTITY};
use millrace_domain::validation::{self, Errors, Fields};
use serde_json::Value;

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Largest amount of an ingredient that a client may send, in its unit: well within the 53 bits that a JavaScript
/// number holds exactly.
pub const MAX_AMOUNT: u64 = 1_000_000_000_000;

/// All accepted fields of an ingredient, including those that only the server sets, so that a client may send back a
/// resource that it read.
const INGREDIENT_FIELDS: [&str; 9] =
    ["name", "unit", "stock", "fullLevel", "alertEmail", "id", "version", "createdAt", "updatedAt"];

/// A requested order line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineInput {
    pub product_id: ProductId,
    pub quantity: u64,
}

/// An ingredient as a client writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngredientInput {
    pub name: String,
    pub unit: String,
    pub stock: u64,
    pub full_level: u64,
    pub alert_email: Option<EmailAddress>,
}

/// Reads the body of an order.
pub fn order(body: &[u8]) -> Result<Vec<LineInput>, Problem> {
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let lines = Fields::of(&value, "", &["lines"], &mut errors)
        .and_then(|fields| fields.required("lines", &mut errors))
        .and_then(|lines| self::lines(lines, &mut errors));
    Ok(errors.finish(lines)?)
}

fn lines(value: &Value, errors: &mut Errors) -> Option<Vec<LineInput>> {
    let items = validation::list(value, "/lines", MAX_LINES, errors)?;
    if items.is_empty() {
        errors.add("/lines", "too_few", "at least one line was expected");
    }
    let mut lines: Vec<LineInput> = Vec::with_capacity(items.len());
    let mut complete = true;
    for (at, value) in items.iter().enumerate() {
        match line(value, &format!("/lines/{at}"), errors) {
            Some(line) if lines.iter().any(|other| other.product_id == line.product_id) => {
                errors.add(format!("/lines/{at}/productId"), "duplicate", "each product once was expected");
            }
            Some(line) => lines.push(line),
            None => complete = false,
        }
    }
    complete.then_some(lines)
}

fn line(value: &Value, path: &str, errors: &mut Errors) -> Option<LineInput> {
    let fields = Fields::of(value, path, &["productId", "quantity"], errors)?;
    let id = fields.required("productId", errors);
    let product_id: Option<ProductId> =
        id.and_then(|value| validation::parsed(value, &fields.at("productId"), "invalid_id", errors));
    let quantity = fields.required("quantity", errors);
    let quantity =
        quantity.and_then(|value| validation::integer(value, &fields.at("quantity"), 1..=MAX_QUANTITY, errors));
    Some(LineInput { product_id: product_id?, quantity: quantity? })
}

/// Reads the body of a new ingredient: the ingredient, and the id if the client chose one.
pub fn new_ingredient(body: &[u8]) -> Result<(IngredientInput, Option<IngredientId>), Problem> {
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let id = value.get("id").map(|id| validation::parsed(id, "/id", "invalid_id", &mut errors));
    let input = ingredient_of(&value, &mut errors);
    Ok(errors.finish(input.map(|input| (input, id.flatten())))?)
}

/// Reads the body of a PUT.
pub fn ingredient(body: &[u8]) -> Result<IngredientInput, Problem> {
    let mut errors = Errors::default();
    let input = ingredient_of(&validation::json(body)?, &mut errors);
    Ok(errors.finish(input)?)
}

fn ingredient_of(value: &Value, errors: &mut Errors) -> Option<IngredientInput> {
    let fields = Fields::of(value, "", &INGREDIENT_FIELDS, errors)?;
    let name = fields.required("name", errors);
    let name = name.and_then(|value| validation::text(value, "/name", 1..=MAX_NAME, errors));
    let unit = fields.required("unit", errors);
    let unit = unit.and_then(|value| validation::text(value, "/unit", 1..=MAX_UNIT, errors));
    let stock = fields.required("stock", errors);
    let stock = stock.and_then(|value| validation::integer(value, "/stock", 0..=MAX_AMOUNT, errors));
    let full_level = fields.required("fullLevel", errors);
    let full_level = full_level.and_then(|value| validation::integer(value, "/fullLevel", 1..=MAX_AMOUNT, errors));
    let alert_email = fields.optional("alertEmail");
    let alert_email = alert_email.map(|value| validation::parsed(value, "/alertEmail", "invalid_email", errors));
    Some(IngredientInput {
        name: name?,
        unit: unit?,
        stock: stock?,
        full_level: full_level?,
        alert_email: alert_email.flatten(),
    })
}

/// Reads the body of a restock.
pub fn restock(body: &[u8]) -> Result<u64, Problem> {
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let quantity = Fields::of(&value, "", &["quantity"], &mut errors)
        .and_then(|fields| fields.required("quantity", &mut errors))
        .and_then(|value| validation::integer(value, "/quantity", 1..=MAX_AMOUNT, &mut errors));
    Ok(errors.finish(quantity)?)
}
