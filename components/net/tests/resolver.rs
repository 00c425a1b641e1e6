/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use direct_sockets_net::resolver::{
    Addresses, Resolve, ScriptedResolver, SystemResolver, addresses, parse_host_file,
};
use direct_sockets_traits::{Address, DnsQueryType, Host, SocketError};
use proptest::prelude::*;
use tokio::sync::Semaphore;

use DnsQueryType::{Ipv4, Ipv6};

fn ask(resolver: &dyn Resolve, host: &str, query: Option<DnsQueryType>) -> Addresses {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let host = Host::parse(host).unwrap();
    runtime.block_on(addresses(
        resolver,
        &host,
        query,
        &Arc::new(Semaphore::new(1)),
    ))
}

fn ips(found: Addresses) -> Vec<String> {
    found
        .unwrap()
        .iter()
        .map(|address| address.ip().to_string())
        .collect()
}

/// A resolver that must not be asked.
fn nobody() -> ScriptedResolver {
    ScriptedResolver::default()
}

#[test]
fn localhost_is_loopback_without_asking() {
    for name in [
        "localhost",
        "LocalHost",
        "localhost.",
        "a.localhost",
        "a.b.localhost.",
    ] {
        assert_eq!(
            ips(ask(&nobody(), name, None)),
            ["127.0.0.1", "::1"],
            "{name}"
        );
        assert_eq!(ips(ask(&nobody(), name, Some(Ipv4))), ["127.0.0.1"]);
        assert_eq!(ips(ask(&nobody(), name, Some(Ipv6))), ["::1"]);
    }
    assert_eq!(
        ask(&nobody(), "notlocalhost", None),
        Err(SocketError::NameNotResolved)
    );
}

#[test]
fn tcp_opt_15_a_literal_of_the_other_family_is_refused_without_asking() {
    assert_eq!(ips(ask(&nobody(), "192.0.2.1", None)), ["192.0.2.1"]);
    assert_eq!(ips(ask(&nobody(), "192.0.2.1", Some(Ipv4))), ["192.0.2.1"]);
    assert_eq!(
        ips(ask(&nobody(), "2001:db8::1", Some(Ipv6))),
        ["2001:db8::1"]
    );
    let mismatch = Err(SocketError::AddressFamilyMismatch);
    assert_eq!(ask(&nobody(), "192.0.2.1", Some(Ipv6)), mismatch);
    assert_eq!(ask(&nobody(), "2001:db8::1", Some(Ipv4)), mismatch);
    assert_eq!(ask(&nobody(), "::ffff:192.0.2.1", Some(Ipv4)), mismatch);
}

#[test]
fn tcp_opt_13_only_addresses_of_the_family_asked_for() {
    let resolver = ScriptedResolver::default()
        .answer("both.example", &["192.0.2.1", "2001:db8::1", "192.0.2.2"])
        .answer("four.example", &["192.0.2.1"]);
    assert_eq!(
        ips(ask(&resolver, "both.example", Some(Ipv4))),
        ["192.0.2.1", "192.0.2.2"]
    );
    assert_eq!(
        ips(ask(&resolver, "both.example", Some(Ipv6))),
        ["2001:db8::1"]
    );
    let unknown = Err(SocketError::NameNotResolved);
    assert_eq!(ask(&resolver, "four.example", Some(Ipv6)), unknown);
}

#[test]
fn tcp_opt_14_addresses_keep_the_order_of_the_resolver() {
    let order = ["192.0.2.9", "2001:db8::1", "192.0.2.1"];
    let resolver = ScriptedResolver::default().answer("name.example", &order);
    assert_eq!(ips(ask(&resolver, "name.example", None)), order);
}

#[test]
fn a_host_that_script_should_have_refused_is_refused_here() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let long = "a".repeat(2000);
    for name in ["", "a\0b", long.as_str()] {
        let host = Host::Name(name.to_owned());
        let semaphore = Arc::new(Semaphore::new(1));
        let found = runtime.block_on(addresses(&nobody(), &host, None, &semaphore));
        assert_eq!(found, Err(SocketError::InvalidHost));
    }
}

#[test]
fn a_hosts_file_comes_before_the_system() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "127.0.0.1 web-platform.test # comment\n::1\tweb-platform.test  Other.test.\n";
    std::fs::write(file.path(), text).unwrap();
    let resolver = SystemResolver {
        host_file: Some(file.path().to_path_buf()),
    };
    assert_eq!(
        ips(ask(&resolver, "web-platform.test", None)),
        ["127.0.0.1", "::1"]
    );
    assert_eq!(
        ips(ask(&resolver, "WEB-platform.test.", Some(Ipv6))),
        ["::1"]
    );
    assert_eq!(ips(ask(&resolver, "other.test", None)), ["::1"]);
    let no_record = ask(&resolver, "other.test", Some(Ipv4));
    assert_eq!(no_record, Err(SocketError::NameNotResolved));
    // Older forms of IPv4 addresses are the system's to know (AMB-35).
    assert_eq!(ips(ask(&resolver, "127.1", None)), ["127.0.0.1"]);
}

#[test]
fn a_missing_hosts_file_is_not_in_the_way() {
    let resolver = SystemResolver {
        host_file: Some("/nonexistent/hosts".into()),
    };
    assert_eq!(ips(ask(&resolver, "127.1", None)), ["127.0.0.1"]);
}

#[test]
fn the_system_is_asked_for_one_family_where_one_is_wanted() {
    let resolver = SystemResolver::default();
    // A name that getaddrinfo knows without DNS, in one family only.
    assert_eq!(ips(ask(&resolver, "127.1", Some(Ipv4))), ["127.0.0.1"]);
    assert_eq!(
        ask(&resolver, "127.1", Some(Ipv6)),
        Err(SocketError::NameNotResolved)
    );
    assert_eq!(
        ask(&resolver, "name.invalid", None),
        Err(SocketError::NameNotResolved)
    );
}

#[test]
fn udp_w_08_link_local_addresses_keep_their_zone() {
    let resolver = SystemResolver::default();
    let text = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    let index: u32 = text.trim().parse().unwrap();
    // As sockets report them, and as people write them.
    for zone in [index.to_string(), "lo".to_owned()] {
        let found = ask(&resolver, &format!("fe80::1%{zone}"), None).unwrap();
        let [SocketAddr::V6(address)] = found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(address.scope_id(), index);
        assert_eq!(
            Address::from(SocketAddr::from(address)).host_text(),
            format!("fe80::1%{index}")
        );
    }
    assert!(ask(&resolver, "fe80::1%1", Some(Ipv4)).is_err());
    assert!(ask(&resolver, "fe80::1%no-such-zone", None).is_err());
}

#[test]
fn hosts_files_are_read_as_the_system_reads_them() {
    let hosts =
        parse_host_file("# 192.0.2.9 no\n192.0.2.1 a b#c\n\nrubbish d\n192.0.2.2 a\n2001:db8::1");
    let mut names: Vec<_> = hosts.keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
    let a: Vec<IpAddr> = hosts["a"].iter().map(SocketAddr::ip).collect();
    assert_eq!(
        a,
        [
            "192.0.2.1".parse::<IpAddr>().unwrap(),
            "192.0.2.2".parse().unwrap()
        ]
    );
}

proptest! {
    #[test]
    fn any_hosts_file_can_be_read(text in "(.{0,20}\n){0,10}") {
        parse_host_file(&text);
    }
}
