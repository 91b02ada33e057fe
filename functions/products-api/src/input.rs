//! Parses request bodies, and reports mistakes.

use jiff::Timestamp;
use millrace_api::Problem;
use millrace_domain::id::{IngredientId, ProductId};
use millrace_domain::product::{Currency, Price, Product, RecipeItem};
use millrace_domain::validation::{self, Errors, Fields};
use serde_json::{Map, Value};

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 4_000;
/// Longest unit, in characters.
const MAX_UNIT: usize = 20;
/// Most ingredients of a recipe; an order may refer to 90 distinct products and ingredients in total.
const MAX_RECIPE: usize = 50;
/// Largest price in minor units, and largest stock or quantity: sums over an order stay exact in 64 bits and in the 53
/// bits of a JavaScript number.
const MAX_NUMBER: u64 = 1_000_000_000_000;

/// Fields of a product that the server sets. A client may send back a product that it read; these fields are then
/// ignored.
const SERVER_FIELDS: [&str; 4] = ["id", "version", "createdAt", "updatedAt"];

const FIELDS: [&str; 10] = [
    "name",
    "description",
    "price",
    "stock",
    "lowStockThreshold",
    "recipe",
    SERVER_FIELDS[0],
    SERVER_FIELDS[1],
    SERVER_FIELDS[2],
    SERVER_FIELDS[3],
];

/// A product as a client writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductInput {
    pub name: String,
    pub description: Option<String>,
    pub price: Price,
    pub stock: u64,
    pub low_stock_threshold: Option<u64>,
    pub recipe: Vec<RecipeItem>,
}

impl ProductInput {
    /// The product that this input describes. `created` is when the product was created, if it already exists.
    pub fn into_product(self, id: ProductId, version: u64, now: Timestamp, created: Option<Timestamp>) -> Product {
        let Self { name, description, price, stock, low_stock_threshold, recipe } = self;
        let created_at = created.unwrap_or(now);
        Product {
            id,
            name,
            description,
            price,
            stock,
            low_stock_threshold,
            recipe,
            version,
            created_at,
            updated_at: now,
        }
    }
}

/// Reads the body of a POST: the product, and the id if the client chose one.
pub fn create(body: &[u8]) -> Result<(ProductInput, Option<ProductId>), Problem> {
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let id = value.get("id").map(|id| validation::parsed(id, "/id", "invalid_id", &mut errors));
    let input = product(&value, None, &mut errors);
    // An invalid id is already in `errors`.
    Ok(errors.finish(input.map(|input| (input, id.flatten())))?)
}

/// Reads the body of a PUT.
pub fn replace(body: &[u8]) -> Result<ProductInput, Problem> {
    let mut errors = Errors::default();
    let input = product(&validation::json(body)?, None, &mut errors);
    Ok(errors.finish(input)?)
}

/// Reads the body of a PATCH, a JSON Merge Patch (RFC 7396).
pub fn patch(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match validation::json(body)? {
        Value::Object(patch) => Ok(patch),
        _ => Err(Problem::invalid_field("", "not_an_object", "an object was expected")),
    }
}

/// Applies a patch to a product.
pub fn patched(current: &Product, patch: &Map<String, Value>) -> Result<ProductInput, Problem> {
    let mut merged =
        serde_json::to_value(current).map_err(|error| Problem::invalid_field("", "unreadable", error.to_string()))?;
    if let Value::Object(target) = &mut merged {
        merge(target, patch.clone());
    }
    let mut errors = Errors::default();
    let input = product(&merged, Some(current.price.currency), &mut errors);
    Ok(errors.finish(input)?)
}

fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match (target.get_mut(&name), value) {
            (_, Value::Null) => {
                target.remove(&name);
            }
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                target.insert(name, value);
            }
        }
    }
}

/// `kept` is the currency that the product has already: it may stay though it is no longer in use.
fn product(value: &Value, kept: Option<Currency>, errors: &mut Errors) -> Option<ProductInput> {
    let fields = Fields::of(value, "", &FIELDS, errors)?;
    let number = |name: &str, value: &Value, errors: &mut Errors| {
        validation::integer(value, &fields.at(name), 0..=MAX_NUMBER, errors)
    };
    let name = fields.required("name", errors);
    let name = name.and_then(|value| validation::text(value, "/name", 1..=MAX_NAME, errors));
    let description = fields.optional("description");
    let description = description.map(|value| validation::text(value, "/description", 0..=MAX_DESCRIPTION, errors));
    let price = fields.required("price", errors).and_then(|value| price(value, kept, errors));
    let stock = fields.required("stock", errors).and_then(|value| number("stock", value, errors));
    let threshold = fields.optional("lowStockThreshold");
    let threshold = threshold.map(|value| number("lowStockThreshold", value, errors));
    let recipe = fields.optional("recipe").map_or(Some(Vec::new()), |value| recipe(value, errors));
    Some(ProductInput {
        name: name?,
        description: description.flatten(),
        price: price?,
        stock: stock?,
        low_stock_threshold: threshold.flatten(),
        recipe: recipe?,
    })
}

fn price(value: &Value, kept: Option<Currency>, errors: &mut Errors) -> Option<Price> {
    let fields = Fields::of(value, "/price", &["amount", "currency"], errors)?;
    let amount = fields.required("amount", errors);
    let amount = amount.and_then(|value| validation::integer(value, "/price/amount", 0..=MAX_NUMBER, errors));
    let currency = fields.required("currency", errors);
    let currency: Option<Currency> =
        currency.and_then(|value| validation::parsed(value, "/price/currency", "unknown_currency", errors));
    let currency = currency?;
    if kept != Some(currency) {
        match currency.in_use() {
            Ok(true) => {}
            Ok(false) => errors.add("/price/currency", "currency_not_in_use", "a currency that is in use was expected"),
            Err(error) => errors.add("/price/currency", "unknown_currency", error.to_string()),
        }
    }
    Some(Price { amount: amount?, currency })
}

fn recipe(value: &Value, errors: &mut Errors) -> Option<Vec<RecipeItem>> {
    let items = validation::list(value, "/recipe", MAX_RECIPE, errors)?;
    let mut recipe: Vec<RecipeItem> = Vec::with_capacity(items.len());
    let mut complete = true;
    for (at, value) in items.iter().enumerate() {
        match recipe_item(value, &format!("/recipe/{at}"), errors) {
            Some(item) if recipe.iter().any(|other| other.ingredient_id == item.ingredient_id) => {
                errors.add(format!("/recipe/{at}/ingredientId"), "duplicate", "each ingredient once was expected");
            }
            Some(item) => recipe.push(item),
            None => complete = false,
        }
    }
    complete.then_some(recipe)
}

fn recipe_item(value: &Value, path: &str, errors: &mut Errors) -> Option<RecipeItem> {
    let fields = Fields::of(value, path, &["ingredientId", "quantity", "unit"], errors)?;
    let id = fields.required("ingredientId", errors);
    let ingredient_id: Option<IngredientId> =
        id.and_then(|value| validation::parsed(value, &fields.at("ingredientId"), "invalid_id", errors));
    let quantity = fields.required("quantity", errors);
    let quantity =
        quantity.and_then(|value| validation::integer(value, &fields.at("quantity"), 1..=MAX_NUMBER, errors));
    let unit = fields.required("unit", errors);
    let unit = unit.and_then(|value| validation::text(value, &fields.at("unit"), 1..=MAX_UNIT, errors));
    Some(RecipeItem { ingredient_id: ingredient_id?, quantity: quantity?, unit: unit? })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde_json::json;

    use super::*;

    fn valid() -> Value {
        json!({
            "name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10, "lowStockThreshold": 3,
            "recipe": [{"ingredientId": "beef", "quantity": 150, "unit": "g"}]
        })
    }

    /// The invalid fields of a body and their codes.
    fn mistakes(body: &[u8]) -> Vec<(String, String)> {
        let problem = create(body).unwrap_err();
        assert_eq!(problem.clone().into_response().status(), 400);
        let problem = serde_json::to_value(problem).unwrap();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|e| (e["field"].as_str().unwrap().to_owned(), e["code"].as_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn every_kind_of_mistake_is_named_with_its_field() {
        let cases = [
            ("/name", json!(null), "required"),
            ("/name", json!(7), "not_a_string"),
            ("/name", json!(" "), "blank"),
            ("/name", json!("x".repeat(201)), "too_long"),
            ("/name", json!("a\u{0}b"), "control_character"),
            ("/stock", json!(-1), "out_of_range"),
            ("/stock", json!(1.5), "not_an_integer"),
            ("/stock", json!("1"), "not_an_integer"),
            ("/stock", json!(1e300), "out_of_range"),
            ("/stock", json!(u64::MAX), "out_of_range"),
            ("/price", json!([]), "not_an_object"),
            ("/price/amount", json!(-1), "out_of_range"),
            ("/price/currency", json!("XXQ"), "unknown_currency"),
            ("/price/currency", json!("eur"), "unknown_currency"),
            ("/price/currency", json!("ANG"), "unknown_currency"),
            ("/price/currency", json!("HRK"), "currency_not_in_use"),
            ("/price/currency", json!("XXX"), "currency_not_in_use"),
            ("/lowStockThreshold", json!(null), "not_an_integer"),
            ("/recipe", json!({}), "not_an_array"),
            ("/recipe/0/quantity", json!(0), "out_of_range"),
            ("/recipe/0/ingredientId", json!("no spaces"), "invalid_id"),
        ];
        for (pointer, value, code) in cases {
            let mut body = valid();
            *body.pointer_mut(pointer).unwrap() = value;
            assert_eq!(mistakes(body.to_string().as_bytes()), [(pointer.to_owned(), code.to_owned())]);
        }
    }

    #[test]
    fn all_mistakes_of_a_body_are_told_at_once() {
        let found = mistakes(br#"{"stock":-1,"price":{"amount":"1"},"a/b":1,"recipe":[1]}"#);
        let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["/a~1b", "/name", "/price/amount", "/price/currency", "/stock", "/recipe/0"]);
    }

    #[test]
    fn what_is_not_json_or_too_deep_is_one_mistake() {
        assert_eq!(mistakes(b"{"), [(String::new(), "invalid_json".to_owned())]);
        assert_eq!(mistakes("[".repeat(100_000).as_bytes()), [(String::new(), "invalid_json".to_owned())]);
        assert_eq!(mistakes(b"[]"), [(String::new(), "not_an_object".to_owned())]);
        assert_eq!(mistakes(&[0xff, 0xfe]), [(String::new(), "invalid_json".to_owned())]);
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_removes() {
        let (input, id) = create(valid().to_string().as_bytes()).unwrap();
        let id = id.unwrap_or_else(|| ProductId::try_from("p".to_owned()).unwrap());
        let product = input.into_product(id, 1, "2026-11-21T00:00:00Z".parse().unwrap(), None);
        let apply = |product: &Product, body: &[u8]| patched(product, &patch(body).unwrap());
        let after = apply(&product, br#"{"price":{"amount":1},"lowStockThreshold":null,"version":9}"#).unwrap();
        assert_eq!((after.price.amount, after.low_stock_threshold, after.stock), (1, None, 10));
        assert!(apply(&product, br#"{"name":null}"#).is_err());
        // A currency that was withdrawn since stays, and does not come back.
        let old = Currency::try_from("HRK".to_owned()).unwrap();
        let kuna = Product { price: Price { currency: old, ..product.price }, ..product.clone() };
        assert_eq!(
            apply(&kuna, br#"{"stock":1.0,"price":{"amount":7}}"#).unwrap().price,
            Price { amount: 7, currency: old }
        );
        assert!(apply(&product, br#"{"price":{"currency":"HRK"}}"#).is_err());
        assert_eq!(apply(&kuna, br#"{"price":{"currency":"EUR"}}"#).unwrap().price.currency, product.price.currency);
    }
}
