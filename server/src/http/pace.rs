//! Whether a connection waits for its client or for us. What waits for its client is the client's fault when it takes
//! too long, and makes room when there are too many connections.

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

/// The state of one connection, shared with the requests on it.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Mutex<Option<Instant>>>);

impl Default for Pace {
    /// Waits for the client's first request.
    fn default() -> Pace {
        Pace(Arc::new(Mutex::new(Some(Instant::now()))))
    }
}

impl Pace {
    /// Since when it waits for the client: for a request, for the rest of a body, or for the reading of a response.
    /// `None` while we work.
    pub fn waits_since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(Instant::now);
    }

    pub fn work(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A request's body that notes when it waits for the client.
    pub fn watch(&self, body: Body) -> Body {
        Body::new(Watched {
            body,
            pace: self.clone(),
        })
    }
}

struct Watched {
    body: Body,
    pace: Pace,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled {
            Poll::Pending => self.pace.wait(),
            Poll::Ready(_) => self.pace.work(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
