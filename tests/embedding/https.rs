/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A real https server on loopback, for pages that the application does not serve itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::text;

/// Answers every request with the same page.
pub struct Server {
    port: u16,
    certificate: tempfile::TempDir,
}

impl Server {
    pub fn start(html: &'static str) -> Result<Self, String> {
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).map_err(text)?;
        let certificate = tempfile::tempdir().map_err(text)?;
        std::fs::write(file_in(certificate.path()), key.cert.pem()).map_err(text)?;
        let private_key = PrivateKeyDer::try_from(key.signing_key.serialize_der()).map_err(text)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private_key)
            .map_err(text)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = config.clone();
                thread::spawn(move || answer(stream, config, html));
            }
        });
        Ok(Self { port, certificate })
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The certificate that the webview has to trust.
    pub fn certificate_file(&self) -> PathBuf {
        file_in(self.certificate.path())
    }
}

fn file_in(directory: &Path) -> PathBuf {
    directory.join("certificate.pem")
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, html: &str) -> Option<()> {
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{html}",
        html.len()
    )
    .ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}
