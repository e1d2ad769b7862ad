//! Where a request comes from: the page's origin, the client's address, the scheme; and what CORS says to it.

use crate::config::Config;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What the server's own socket knows of a request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The other end.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// The page behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// None: no browser, or nothing that a browser guards.
    None,
    /// A page of the server's own.
    Same,
    /// A page of another origin that is allowed.
    Allowed(HeaderValue),
    /// A page of another origin.
    Foreign,
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// An authority without the port that goes without saying.
fn bare(authority: &str, https: bool) -> String {
    let default = if https { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase()
}

impl Origin {
    /// Reads a request's origin.
    #[must_use]
    pub fn of(config: &Config, headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::ORIGIN) else { return Self::None };
        let Ok(origin) = value.to_str() else { return Self::Foreign };
        let host = text(headers, &header::HOST);
        if let (Some((scheme, authority)), Some(host)) = (origin.split_once("://"), host) {
            let https = scheme == "https";
            if (https || scheme == "http") && bare(authority, https) == bare(host, https) {
                return Self::Same;
            }
        }
        let allowed =
            config.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin));
        if allowed { Self::Allowed(value.clone()) } else { Self::Foreign }
    }

    /// What the response says to a page of another origin that is allowed.
    pub fn grant(&self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            // Without this a page cannot see how long it is to wait.
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
        }
    }
}

/// The client's address: the socket's, or what a trusted proxy says.
#[must_use]
pub fn address(config: &Config, peer: Option<Peer>, headers: &HeaderMap) -> IpAddr {
    static FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
    let socket = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip().to_canonical());
    if !config.trust_forwarded {
        return socket;
    }
    let last = headers
        .get_all(&FORWARDED)
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(socket)
}

/// Who asks, as a request's headers tell.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client's address.
    pub address: IpAddr,
    /// The language that the browser asks for first, as a locale.
    pub language: Option<Box<str>>,
}

impl Caller {
    /// Reads a request's headers.
    #[must_use]
    pub fn of(config: &Config, peer: Option<Peer>, headers: &HeaderMap) -> Self {
        Self { address: address(config, peer, headers), language: language(headers) }
    }
}

/// The first language that a browser asks for, if it names one.
#[must_use]
pub fn language(headers: &HeaderMap) -> Option<Box<str>> {
    let first = text(headers, &header::ACCEPT_LANGUAGE)?.split([',', ';']).next()?.trim();
    locale(first).map(Into::into)
}

/// A locale as it is kept, `de-at`; none where it is no such thing.
#[must_use]
pub fn locale(tag: &str) -> Option<String> {
    let fits = (2..=35).contains(&tag.len())
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then(|| tag.replace('_', "-").to_lowercase())
}

/// Whether the client came by https.
#[must_use]
pub fn secure(config: &Config, peer: Option<Peer>, headers: &HeaderMap) -> bool {
    static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
    peer.is_some_and(|peer| peer.tls) || (config.trust_forwarded && text(headers, &PROTO) == Some("https"))
}

/// The value of the session cookie, when it is one of ours by its shape.
#[must_use]
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().strip_prefix("BAYEUX_BROWSER="))
        .find(|value| value.len() == 40 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(ToOwned::to_owned)
}

/// The header that sets the session cookie. A page of another site needs `SameSite=None`, which needs https.
#[must_use]
pub fn set_cookie(value: &str, origin: &Origin, secure: bool) -> String {
    let (site, secure) = match (secure, origin) {
        (true, Origin::Allowed(_)) => ("None", "; Secure"),
        (true, _) => ("Lax", "; Secure"),
        (false, _) => ("Lax", ""),
    };
    format!("BAYEUX_BROWSER={value}; Path=/; HttpOnly; SameSite={site}{secure}")
}

/// What a page of another origin asks before it asks.
pub(crate) fn preflight(origin: &Origin, methods: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if matches!(origin, Origin::Allowed(_)) {
        let grants: [(HeaderName, &'static str); 3] = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"),
            (header::ACCESS_CONTROL_MAX_AGE, "3600"),
        ];
        for (name, value) in grants {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
