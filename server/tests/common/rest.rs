//! A visitor who chats by REST.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::{Response, request};
use axum::body::Body;
use axum::http::Method;
use causerie_server::App;
use serde_json::Value;
use std::sync::Arc;

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// A visitor who chats by REST.
pub struct Rest {
    pub app: Arc<App>,
    pub id: String,
    pub key: String,
    /// The answer to the request.
    pub first: Value,
}

impl Rest {
    pub async fn raw(app: &Arc<App>, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> (u16, Value) {
        let response = request(causerie_server::app(Arc::clone(app)), Method::POST, path, headers, body).await;
        let body = serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.body));
        (response.status.as_u16(), body)
    }

    /// A chat that these members ask for.
    pub async fn begin(app: &Arc<App>, members: &str) -> Self {
        let (status, first) = Self::raw(app, "/2/chat/default", &[FORM], members.to_owned()).await;
        assert_eq!((status, &first["statusCode"]), (200, &Value::from(0)), "{first}");
        Self::of(app, first)
    }

    pub fn of(app: &Arc<App>, first: Value) -> Self {
        let text = |name: &str| first[name].as_str().unwrap().to_owned();
        Self { app: Arc::clone(app), id: text("chatId"), key: text("secureKey"), first }
    }

    pub async fn response(&self, operation: &str, members: &str) -> Response {
        let path = format!("/2/chat/default/{}/{operation}", self.id);
        let body = format!("secureKey={}&{members}", self.key);
        request(causerie_server::app(Arc::clone(&self.app)), Method::POST, &path, &[FORM], body).await
    }

    pub async fn post(&self, operation: &str, members: &str) -> Value {
        let response = self.response(operation, members).await;
        assert_eq!(response.status, 200, "{}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }

    /// `$key` and `$chat` in an operation stand for this chat's.
    pub fn fill(&self, operation: &str) -> String {
        operation.replace("$key", &self.key).replace("$chat", &self.id)
    }
}
