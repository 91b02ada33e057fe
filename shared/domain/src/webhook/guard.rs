//! Which URLs a webhook may call: protection against server-side request forgery (SSRF).
//!
//! A URL is checked twice. [`Policy::judge_url`] checks the URL itself when a timer is created. [`Policy::reach`] also
//! resolves its host and checks every address, when a timer is created and again before each request. The request
//! connects only to the addresses that `reach` returned, so the name cannot change in between.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use url::{Host, Url};

use super::address::{Reach, reach};

/// Longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// Allowed ports if the setting names none.
const DEFAULT_PORTS: [u16; 1] = [443];

/// Most addresses of a name that are used; all of them are checked first.
const MAX_ADDRESSES: usize = 8;

/// The rules for allowed URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// For local runs: also allows `http`, loopback, and every port. Private networks stay closed.
    allow_local: bool,
    ports: Vec<u16>,
}

/// Why a URL may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than [`MAX_URL_BYTES`].
    #[error("a URL has at most {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("not an absolute URL: {0}")]
    NotAUrl(url::ParseError),
    /// The scheme is not allowed. Holds those that are.
    #[error("a webhook is called by {0} only")]
    Scheme(&'static str),
    /// It contains a user name or a password.
    #[error("a URL with a user name or a password is not called")]
    Credentials,
    /// The port is not allowed. Holds it, and those that are.
    #[error("port {0} is not open to webhooks, which take {1}")]
    Port(u16, String),
    /// The host is, or resolves to, an address that is not public. The address is not disclosed, so that nobody can
    /// probe names of a private network.
    #[error("the host has an address that is not public")]
    Address,
}

impl Refusal {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotAUrl(_) => "not_a_url",
            Self::Scheme(_) => "scheme_refused",
            Self::Credentials => "credentials_refused",
            Self::Port(..) => "port_refused",
            Self::Address => "address_refused",
        }
    }
}

/// Why no address of a URL can be connected to.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// The URL may not be called.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its host cannot be resolved at present.
    #[error("the host name does not resolve")]
    Unresolved(#[source] io::Error),
}

/// A future with the addresses of a name.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Resolves names; implemented by functions.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, each with `port`.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Addresses<'a>;
}

impl<F: Fn(&str, u16) -> Addresses<'_> + Send + Sync> Resolve for F {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Addresses<'a> {
        self(host, port)
    }
}

impl Policy {
    /// The policy when deployed: `https` to public addresses on `ports`, or on port 443 if `ports` is empty.
    #[must_use]
    pub fn public(ports: &[u16]) -> Self {
        let ports = if ports.is_empty() { DEFAULT_PORTS.to_vec() } else { ports.to_vec() };
        Self { allow_local: false, ports }
    }

    /// As [`Policy::public`], and also `http`, every port and loopback.
    #[must_use]
    pub fn local() -> Self {
        Self { allow_local: true, ports: Vec::new() }
    }

    /// [`Policy::local`] with `allow_local`, else [`Policy::public`].
    #[must_use]
    pub fn new(allow_local: bool, ports: &[u16]) -> Self {
        if allow_local { Self::local() } else { Self::public(ports) }
    }

    /// The URL to call, without its fragment, unless the URL itself breaks a rule. The host is parsed as browsers do it
    /// (WHATWG URL standard), so `http://0x7f.1/` is checked as 127.0.0.1.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn judge_url(&self, text: &str) -> Result<Url, Refusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(Refusal::TooLong);
        }
        let mut url = Url::parse(text).map_err(Refusal::NotAUrl)?;
        let known = url.scheme() == "https" || (url.scheme() == "http" && self.allow_local);
        if !known {
            return Err(Refusal::Scheme(if self.allow_local { "http or https" } else { "https" }));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if port == 0 || !(self.allow_local || self.ports.contains(&port)) {
            return Err(Refusal::Port(port, self.open_ports()));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.judge(address.into())?,
            Some(Host::Ipv6(address)) => self.judge(address.into())?,
            Some(Host::Domain(name)) if is_localhost(name) && !self.allow_local => return Err(Refusal::Address),
            Some(Host::Domain(_)) => {}
            None => return Err(Refusal::NotAUrl(url::ParseError::EmptyHost)),
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// The allowed ports, for people.
    fn open_ports(&self) -> String {
        if self.allow_local {
            return "1 to 65535".to_owned();
        }
        self.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The current addresses that a URL may be called at. A name with a single closed address is refused altogether.
    ///
    /// # Errors
    /// It is refused, or its host does not resolve.
    pub async fn reach(&self, url: &Url, resolver: &dyn Resolve) -> Result<Vec<SocketAddr>, Unreachable> {
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => vec![SocketAddr::from((address, port))],
            Some(Host::Ipv6(address)) => vec![SocketAddr::from((address, port))],
            Some(Host::Domain(name)) => resolver.resolve(name, port).await.map_err(Unreachable::Unresolved)?,
            None => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(Unreachable::Unresolved(io::Error::from(io::ErrorKind::NotFound)));
        }
        for address in &addresses {
            self.judge(address.ip())?;
        }
        Ok(addresses.into_iter().take(MAX_ADDRESSES).collect())
    }

    fn judge(&self, address: std::net::IpAddr) -> Result<(), Refusal> {
        match reach(address) {
            Reach::Public => Ok(()),
            Reach::Loopback if self.allow_local => Ok(()),
            Reach::Loopback | Reach::Closed => Err(Refusal::Address),
        }
    }
}

/// RFC 6761, section 6.3: these names mean this machine, whatever a resolver returns.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Resolves every name to the same addresses.
    struct Fixed(Vec<IpAddr>);

    impl Resolve for Fixed {
        fn resolve<'a>(&'a self, _: &'a str, port: u16) -> Addresses<'a> {
            Box::pin(async move { Ok(self.0.iter().map(|address| SocketAddr::new(*address, port)).collect()) })
        }
    }

    #[test]
    fn every_way_to_write_a_closed_address_is_refused() {
        let hosts = "127.0.0.1 127.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 127.0.0.1. 0 0.0.0.0 \
            169.254.169.254 0xA9FEA9FE 2852039166 0251.0376.0251.0376 169.254.43518 10.0.0.1 10.1 012.1 192.168.257 \
            [::1] [::] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe] [0:0:0:0:0:ffff:169.254.169.254] [64:ff9b::a9fe:a9fe] \
            [2002:a9fe:a9fe::] [fe80::1] [fd00:ec2::254] [::127.0.0.1] localhost LOCALHOST localhost. a.localhost \
            １２７.０.０.１ %31%32%37.0.0.1 127。0。0。1 ⑩.0.0.1";
        let policy = Policy::public(&[]);
        for host in hosts.split_whitespace() {
            assert_eq!(policy.judge_url(&format!("https://{host}/hook")), Err(Refusal::Address), "{host}");
        }
    }

    #[test]
    fn a_url_is_judged_by_scheme_port_credentials_and_length() {
        let policy = Policy::public(&[]);
        let refused = |url: &str| policy.judge_url(url).map(|url| url.to_string()).unwrap_err().code();
        assert_eq!(refused("http://example.com/"), "scheme_refused");
        assert_eq!(refused("file:///etc/passwd"), "scheme_refused");
        assert_eq!(refused("gopher://example.com/"), "scheme_refused");
        assert_eq!(refused("https://user@example.com/"), "credentials_refused");
        assert_eq!(refused("https://:secret@example.com/"), "credentials_refused");
        assert_eq!(refused("https://example.com:22/"), "port_refused");
        assert_eq!(refused("https://example.com:0/"), "port_refused");
        for url in ["", "/hook", "https://", "https://exa mple.com/", "https://256.1.1.1/", "https://1.2.3.4.5/"] {
            assert_eq!(refused(url), "not_a_url", "{url}");
        }
        // What is refused is told with what this configuration takes.
        let told = |policy: &Policy, url: &str| policy.judge_url(url).unwrap_err().to_string();
        assert_eq!(told(&policy, "ftp://example.com/"), "a webhook is called by https only");
        assert_eq!(told(&Policy::local(), "ftp://example.com/"), "a webhook is called by http or https only");
        assert_eq!(
            told(&Policy::public(&[443, 8443]), "https://example.com:81/"),
            "port 81 is not open to webhooks, which take 443, 8443"
        );
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES));
        assert_eq!(refused(&long), "too_long");
        let url = policy.judge_url("https://EXAMPLE.com:443/a?b=c#d").unwrap();
        assert_eq!(url.as_str(), "https://example.com/a?b=c");
        assert!(Policy::public(&[8443]).judge_url("https://example.com:8443/").is_ok());
    }

    #[test]
    fn the_local_setting_opens_the_machine_itself_and_nothing_private() {
        let policy = Policy::local();
        for url in ["http://127.0.0.1:8080/", "http://localhost:1/", "https://[::1]:9/", "http://example.com/"] {
            assert!(policy.judge_url(url).is_ok(), "{url}");
        }
        for host in ["10.0.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0", "[fd00::1]", "[::ffff:10.0.0.1]"] {
            assert_eq!(policy.judge_url(&format!("http://{host}/")), Err(Refusal::Address), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_with_one_closed_address_is_refused_altogether() {
        let (public, closed) = ("8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap());
        let policy = Policy::public(&[]);
        let url = policy.judge_url("https://example.com/").unwrap();
        let found = policy.reach(&url, &Fixed(vec![public])).await.unwrap();
        assert_eq!(found, ["8.8.8.8:443".parse().unwrap()]);
        let refused = policy.reach(&url, &Fixed(vec![public, closed])).await.unwrap_err();
        assert!(matches!(refused, Unreachable::Refused(Refusal::Address)), "{refused}");
        let nobody = policy.reach(&url, &Fixed(Vec::new())).await.unwrap_err();
        assert!(matches!(nobody, Unreachable::Unresolved(_)), "{nobody}");
    }
}
