//! Which URLs a webhook may call: protection against server-side request forgery.
//!
//! A URL is judged twice. [`Policy::judge_url`] judges what it says, when a timer is made. [`Policy::reach`] also looks
//! its name up and judges every address, when a timer is made and again before each request; the request goes to the
//! addresses that it answered and to no others, so that a name cannot change in between.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use url::{Host, Url};

use super::address::{Reach, reach};

/// Longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2_048;

/// Ports that may be called where the setting names none.
const DEFAULT_PORTS: [u16; 1] = [443];

/// Most addresses of a name that are kept; each is judged before.
const MAX_ADDRESSES: usize = 8;

/// What may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Also `http`, the machine itself, and every port: for local runs. Private networks stay closed.
    allow_local: bool,
    ports: Vec<u16>,
}

/// Why a URL is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than [`MAX_URL_BYTES`].
    #[error("a URL has at most {MAX_URL_BYTES} bytes")]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("not an absolute URL: {0}")]
    NotAUrl(url::ParseError),
    /// Another scheme.
    #[error("a webhook is called by https only")]
    Scheme,
    /// It has a user name or a password.
    #[error("a URL with a user name or a password is not called")]
    Credentials,
    /// Another port.
    #[error("port {0} is not open to webhooks")]
    Port(u16),
    /// It is, or its name has, an address that is not public. Which one is not said: names of a private network are
    /// nobody's business.
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
            Self::Scheme => "scheme_refused",
            Self::Credentials => "credentials_refused",
            Self::Port(_) => "port_refused",
            Self::Address => "address_refused",
        }
    }
}

/// Why a URL has no address to connect to.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It may not be called.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its name cannot be looked up now.
    #[error("the host name does not resolve")]
    Unresolved(#[source] io::Error),
}

/// The addresses of a name, when they are known.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Looks names up; a function does.
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
    /// What is open when deployed: `https` to `ports` of public addresses; port 443 where there are none.
    #[must_use]
    pub fn public(ports: &[u16]) -> Self {
        let ports = if ports.is_empty() { DEFAULT_PORTS.to_vec() } else { ports.to_vec() };
        Self { allow_local: false, ports }
    }

    /// The same, and `http`, every port and the machine itself.
    #[must_use]
    pub fn local() -> Self {
        Self { allow_local: true, ports: Vec::new() }
    }

    /// [`Policy::local`] with `allow_local`, else [`Policy::public`].
    #[must_use]
    pub fn new(allow_local: bool, ports: &[u16]) -> Self {
        if allow_local { Self::local() } else { Self::public(ports) }
    }

    /// The URL as it is called, without its fragment, unless what it says is refused already. Its host is read as a
    /// browser reads it (the WHATWG URL standard), so `http://0x7f.1/` is judged as 127.0.0.1.
    ///
    /// # Errors
    /// Why it is not called.
    pub fn judge_url(&self, text: &str) -> Result<Url, Refusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(Refusal::TooLong);
        }
        let mut url = Url::parse(text).map_err(Refusal::NotAUrl)?;
        let known = url.scheme() == "https" || (url.scheme() == "http" && self.allow_local);
        if !known {
            return Err(Refusal::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if port == 0 || !(self.allow_local || self.ports.contains(&port)) {
            return Err(Refusal::Port(port));
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

    /// The addresses that a URL may be called at, now. A name with one closed address is refused altogether.
    ///
    /// # Errors
    /// It is refused, or its name does not resolve.
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

/// RFC 6761, section 6.3: these names are the machine itself, whatever a resolver says.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Answers the same addresses to everybody.
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
