/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Names to addresses.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use direct_sockets_traits::limits::MAX_HOST_BYTES;
use direct_sockets_traits::{DnsQueryType, Host, SocketError};
use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use log::warn;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::from_io;

/// The addresses of a name, in the order to try them. Their ports mean nothing.
pub type Addresses = Result<Vec<SocketAddr>, SocketError>;

/// The environment variable that names a hosts file to look at before the system's resolver is asked.
/// Servo's HTTP stack honours the same one.
pub const HOST_FILE: &str = "HOST_FILE";

/// The largest hosts file that is read.
const MAX_HOST_FILE_BYTES: u64 = 1024 * 1024;

/// Who knows names.
pub trait Resolve {
    /// Find the addresses of `name`, of one family only if `query` says so. `turn` is to be held for as long as the
    /// query takes something (a thread, say), also when nobody waits for its answer any more.
    fn resolve(
        &self,
        name: &str,
        query: Option<DnsQueryType>,
        turn: OwnedSemaphorePermit,
    ) -> Pin<Box<dyn Future<Output = Addresses>>>;
}

/// The addresses of a host. Asks the resolver only for names that it alone knows.
///
/// Cancel safety: dropping this drops the query.
pub async fn addresses(
    resolver: &dyn Resolve,
    host: &Host,
    query: Option<DnsQueryType>,
    lookups: &Arc<Semaphore>,
) -> Addresses {
    let name = match host {
        Host::Ip(_) => {
            let ip = literal(host, query).ok_or(SocketError::AddressFamilyMismatch)?;
            return Ok(vec![(ip, 0).into()]);
        },
        Host::Name(name) => name,
    };
    // Decision AMB-86.
    if host.is_localhost() {
        let loopback = [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ];
        let wanted = loopback.into_iter().filter(|ip| is_wanted(*ip, query));
        return Ok(wanted.map(|ip| (ip, 0).into()).collect());
    }
    // Script has processed the host; what a client says is not to be trusted.
    if name.is_empty() || name.len() > MAX_HOST_BYTES || name.contains('\0') {
        return Err(SocketError::InvalidHost);
    }
    let turn = lookups.clone().acquire_owned().await;
    // The semaphore is never closed.
    let turn = turn.map_err(|_| SocketError::NameNotResolved)?;
    let mut addresses = resolver.resolve(name, query, turn).await?;
    addresses.retain(|address| is_wanted(address.ip(), query));
    match addresses.is_empty() {
        true => Err(SocketError::NameNotResolved),
        false => Ok(addresses),
    }
}

/// The address that a host is, if it is one of the family that is asked for. No query is made for it (decision AMB-44).
pub fn literal(host: &Host, query: Option<DnsQueryType>) -> Option<IpAddr> {
    match host {
        Host::Ip(ip) => is_wanted(*ip, query).then_some(*ip),
        Host::Name(_) => None,
    }
}

fn is_wanted(ip: IpAddr, query: Option<DnsQueryType>) -> bool {
    match query {
        None => true,
        Some(DnsQueryType::Ipv4) => ip.is_ipv4(),
        Some(DnsQueryType::Ipv6) => ip.is_ipv6(),
    }
}

/// The resolver of the system: hosts file, DNS, and whatever else it is configured to ask.
#[derive(Debug, Default)]
pub struct SystemResolver {
    /// A hosts file to look at first. It is read for each query, so it can change.
    pub host_file: Option<PathBuf>,
}

impl SystemResolver {
    /// With the hosts file that the environment names.
    pub fn from_environment() -> Self {
        Self {
            host_file: std::env::var_os(HOST_FILE).map(PathBuf::from),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve(
        &self,
        name: &str,
        query: Option<DnsQueryType>,
        turn: OwnedSemaphorePermit,
    ) -> Pin<Box<dyn Future<Output = Addresses>>> {
        let name = name.to_owned();
        let host_file = self.host_file.clone();
        // Both block: on a thread of their own.
        let query = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            if let Some(addresses) = host_file.and_then(|path| look_up_in_file(&path, &name)) {
                return Ok(addresses);
            }
            look_up(&name, query)
        });
        // The task fails only when it panics or the process ends.
        Box::pin(async { query.await.unwrap_or(Err(SocketError::NameNotResolved)) })
    }
}

/// Ask the system. With a family as hint, only records of that family are asked for.
fn look_up(name: &str, query: Option<DnsQueryType>) -> Addresses {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        address: match query {
            None => 0,
            Some(DnsQueryType::Ipv4) => AddrFamily::Inet.into(),
            Some(DnsQueryType::Ipv6) => AddrFamily::Inet6.into(),
        },
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(cause)?;
    Ok(found.flatten().map(|info| info.sockaddr).collect())
}

fn cause(error: LookupError) -> SocketError {
    match error.kind() {
        LookupErrorKind::Memory => SocketError::OutOfBuffers,
        LookupErrorKind::System => match from_io(&error.into()) {
            SocketError::Os(_) => SocketError::NameNotResolved,
            cause => cause,
        },
        _ => SocketError::NameNotResolved,
    }
}

fn look_up_in_file(path: &Path, name: &str) -> Option<Vec<SocketAddr>> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_HOST_FILE_BYTES).read_to_string(&mut text));
    if let Err(error) = read {
        warn!("The hosts file {} cannot be read: {error}", path.display());
        return None;
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    parse_host_file(&text).remove(&name)
}

/// Read the syntax of hosts files: an address, then names, `#` begins a comment. Names in lower case.
pub fn parse_host_file(text: &str) -> HashMap<String, Vec<SocketAddr>> {
    let mut hosts: HashMap<String, Vec<SocketAddr>> = HashMap::new();
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let mut words = line.split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse::<IpAddr>) else {
            continue;
        };
        for name in words {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            hosts.entry(name).or_default().push((ip, 0).into());
        }
    }
    hosts
}

/// A resolver that answers as it is told, for tests.
#[derive(Debug, Default)]
pub struct ScriptedResolver {
    /// The answers to one name after the other; the last one stays.
    answers: RefCell<HashMap<String, VecDeque<Option<Vec<IpAddr>>>>>,
}

impl ScriptedResolver {
    /// Answer `name` with these addresses; with none, it is not known. Said again, it answers so the next time.
    pub fn answer(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        self.then(name, Some(addresses))
    }

    /// Never answer `name`.
    pub fn hang(self, name: &str) -> Self {
        self.then(name, None)
    }

    fn then(self, name: &str, answer: Option<Vec<IpAddr>>) -> Self {
        self.answers
            .borrow_mut()
            .entry(name.to_owned())
            .or_default()
            .push_back(answer);
        self
    }

    fn next_answer(&self, name: &str) -> Option<Option<Vec<IpAddr>>> {
        let mut answers = self.answers.borrow_mut();
        let answers = answers.get_mut(name)?;
        match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        }
    }
}

impl Resolve for ScriptedResolver {
    fn resolve(
        &self,
        name: &str,
        query: Option<DnsQueryType>,
        turn: OwnedSemaphorePermit,
    ) -> Pin<Box<dyn Future<Output = Addresses>>> {
        let answer = self.next_answer(name);
        Box::pin(async move {
            let _turn = turn;
            match answer {
                None => Err(SocketError::NameNotResolved),
                Some(None) => std::future::pending().await,
                Some(Some(addresses)) => Ok(addresses
                    .into_iter()
                    .filter(|ip| is_wanted(*ip, query))
                    .map(|ip| (ip, 0).into())
                    .collect()),
            }
        })
    }
}
