//! Server functions of the members feature.

use crate::calls::{ApiError, JsonPost};
use domain::members::Colleague;
use leptos::prelude::*;

/// The members of the caller's company, for its managers, ordered by name.
#[server(protocol = JsonPost, prefix = "/api/call", endpoint = "colleagues", server = crate::calls::Axum)]
pub async fn list_colleagues() -> Result<Vec<Colleague>, ApiError> {
    let crate::calls::Context { db, caller, .. } = crate::calls::context()?;
    let mut tx = db.read().await?;
    Ok(backend::members::colleagues(&mut tx, &caller).await?)
}
