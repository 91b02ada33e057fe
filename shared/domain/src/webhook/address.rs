//! Which IP addresses are public. Pure.
//!
//! Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), as of 2026. Addresses that are not
//! certainly public are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public: first address and prefix length.
const CLOSED_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network, unspecified
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, with the metadata services of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24), // multicast tunnels
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),     // multicast, reserved, broadcast
];

/// IPv6 networks within 2000::/3 that are not public; nothing outside 2000::/3 is public. A 6to4 address is judged by
/// the IPv4 address it contains.
const CLOSED_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Reach of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The public internet.
    Public,
    /// This machine.
    Loopback,
    /// Any other network.
    Closed,
}

/// The reach of `address`. An address that embeds an IPv4 address (mapped, NAT64, 6to4) is judged by the embedded one.
pub(super) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(carried) => reach_v4(carried),
            None => reach_v6(address),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Loopback;
    }
    let bits = u32::from(address);
    let within = |&(network, length): &(Ipv4Addr, u32)| (bits ^ u32::from(network)) >> (32 - length) == 0;
    if CLOSED_V4.iter().any(within) { Reach::Closed } else { Reach::Public }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Loopback;
    }
    let bits = u128::from(address);
    let within = |&(network, length): &(Ipv6Addr, u32)| (bits ^ u128::from(network)) >> (128 - length) == 0;
    let global = bits >> 125 == 1;
    if global && !CLOSED_V6.iter().any(within) { Reach::Public } else { Reach::Closed }
}

/// The IPv4 address to which a packet for `address` is finally delivered. The deprecated "compatible" addresses
/// (`::a.b.c.d`) are not routed, and are closed like the rest of their network.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, ..] = address.segments();
    let last = Ipv4Addr::from(u128::from(address) as u32);
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(last),
        _ if a == 0x2002 => Some(Ipv4Addr::from((u32::from(b) << 16) | u32::from(c))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(address: &str) -> Reach {
        reach(address.parse().unwrap())
    }

    #[test]
    fn every_kind_of_address_that_is_not_public_is_closed() {
        let closed = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 169.254.169.254 172.16.0.1 172.31.255.255 \
            192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 \
            239.255.255.255 240.0.0.1 255.255.255.255 :: fe80::1 febf::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 100::1 \
            2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 5f00::1 64:ff9b:1::1 ::8.8.8.8 ::127.0.0.1 \
            ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 2002:0a00:0001::1 \
            2002:a9fe:a9fe::1 ::ffff:0:8.8.8.8 4000::1 e000::1";
        for address in closed.split_whitespace() {
            assert_eq!(of(address), Reach::Closed, "{address}");
        }
        for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
            assert_eq!(of(address), Reach::Loopback, "{address}");
        }
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 \
            192.0.1.1 192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450::1 \
            ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:0808:0808::1 2001:200::1";
        for address in public.split_whitespace() {
            assert_eq!(of(address), Reach::Public, "{address}");
        }
    }

    proptest! {
        #[test]
        fn what_the_standard_library_knows_as_special_is_never_public(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_multicast()
                || address.is_unspecified();
            let mapped = IpAddr::V6(address.to_ipv6_mapped());
            prop_assert!(!special || reach(IpAddr::V4(address)) != Reach::Public);
            prop_assert_eq!(reach(IpAddr::V4(address)), reach(mapped));
        }

        #[test]
        fn nothing_outside_of_global_unicast_is_public_unless_it_carries_what_is(bits: u128) {
            let address = Ipv6Addr::from(bits);
            let special = address.is_unique_local() || address.is_unicast_link_local() || address.is_multicast();
            if special || bits >> 125 != 1 && carried(address).is_none() {
                prop_assert_ne!(reach(IpAddr::V6(address)), Reach::Public);
            }
        }
    }
}
