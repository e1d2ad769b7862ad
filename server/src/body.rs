//! The bodies of requests: their type, and their text, bounded in size and in time.

use axum::body::Body;
use axum::http::header::{self, HeaderMap};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::timeout;

/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Bytes beyond the limit that are read before the connection is given up.
const THROWN_AWAY: usize = 32 * 1024 * 1024;

/// The type of a body, without its parameters.
pub(crate) fn kind_of(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next()?.trim().to_ascii_lowercase())
}

/// Why a body cannot be had.
pub(crate) enum BodyError {
    Broken,
    TooLarge,
    Slow,
    NotUtf8,
}

/// Reads a body of at most `limit` bytes. What is too much is still read for a while, and thrown away: a client that
/// is busy sending would not see the response otherwise.
async fn read(limit: usize, mut body: Body) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        length += data.len();
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if length > limit + THROWN_AWAY {
            break;
        }
    }
    if length > limit { Err(BodyError::TooLarge) } else { Ok(bytes) }
}

/// The whole body as text.
pub(crate) async fn read_body(limit: usize, body: Body) -> Result<String, BodyError> {
    let bytes = timeout(BODY_TIME, read(limit, body)).await.map_err(|_| BodyError::Slow)??;
    String::from_utf8(bytes).map_err(|_| BodyError::NotUtf8)
}
