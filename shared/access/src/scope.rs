//! What a caller may do.

use std::fmt;
use std::str::FromStr;

/// A permission. Reading and writing are apart: a write scope does not include the read scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read products.
    ProductsRead,
    /// Create, change and delete products.
    ProductsWrite,
    /// Read orders.
    OrdersRead,
    /// Place orders.
    OrdersWrite,
    /// Read ingredients.
    IngredientsRead,
    /// Create, replace and restock ingredients.
    IngredientsWrite,
    /// Read users' events and dead letters.
    EventsRead,
    /// Send users' events.
    EventsWrite,
    /// Read timers.
    TimersRead,
    /// Make and cancel timers.
    TimersWrite,
    /// Read the event log.
    LogRead,
    /// Write to the event log.
    LogWrite,
    /// Read the analytics.
    AnalyticsRead,
    /// Change the analytics.
    AnalyticsWrite,
    /// Read the feed of notifications.
    NotificationsRead,
    /// Send a dead letter to its consumer again.
    DlqRedrive,
    /// Load demo data.
    Seed,
    /// Act on what belongs to any user, not to the caller alone.
    EventsAnyUser,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 18] = [
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::IngredientsRead,
        Self::IngredientsWrite,
        Self::EventsRead,
        Self::EventsWrite,
        Self::TimersRead,
        Self::TimersWrite,
        Self::LogRead,
        Self::LogWrite,
        Self::AnalyticsRead,
        Self::AnalyticsWrite,
        Self::NotificationsRead,
        Self::DlqRedrive,
        Self::Seed,
        Self::EventsAnyUser,
    ];

    /// The name, as tokens and keys have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProductsRead => "products:read",
            Self::ProductsWrite => "products:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::IngredientsRead => "ingredients:read",
            Self::IngredientsWrite => "ingredients:write",
            Self::EventsRead => "events:read",
            Self::EventsWrite => "events:write",
            Self::TimersRead => "timers:read",
            Self::TimersWrite => "timers:write",
            Self::LogRead => "log:read",
            Self::LogWrite => "log:write",
            Self::AnalyticsRead => "analytics:read",
            Self::AnalyticsWrite => "analytics:write",
            Self::NotificationsRead => "notifications:read",
            Self::DlqRedrive => "dlq:redrive",
            Self::Seed => "seed",
            Self::EventsAnyUser => "events:any-user",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text is not the name of a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// The scopes of a list with spaces between. A name that is not known grants nothing.
    #[must_use]
    pub fn known(list: &str) -> Self {
        list.split_ascii_whitespace().filter_map(|name| name.parse().ok()).collect()
    }

    /// Whether `scope` is one of them.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

const fn bit(scope: Scope) -> u32 {
    1 << scope as u32
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | bit(scope)))
    }
}

/// The list with spaces between.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_back_from_its_name_and_stands_for_itself_alone() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
            let only = Scopes::known(scope.name());
            assert_eq!((only.iter().collect::<Vec<_>>(), only.to_string()), (vec![scope], scope.name().to_owned()));
        }
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(Scopes::known(&all.to_string()), all);
    }

    #[test]
    fn a_name_in_another_spelling_grants_nothing() {
        let others =
            "Products:read products:READ products products: :read products:* * products:read,orders:read admin";
        assert!(Scopes::known(others).is_empty());
        assert_eq!(Scopes::known(" \t products:read  x ").to_string(), "products:read");
    }
}
