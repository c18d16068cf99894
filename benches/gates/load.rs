//! What the load generator promises, each beside the tools it is compared with: speed in `closed`, accuracy in `open`, the live pane in `pane`, a server
//! that does what none should in `hostile`.

#[path = "load/child.rs"]
mod child;
#[path = "load/closed.rs"]
mod closed;
#[path = "load/hostile.rs"]
mod hostile;
#[path = "load/nginx.rs"]
mod nginx;
#[path = "load/open.rs"]
mod open;
#[path = "load/pairs.rs"]
mod pairs;
#[path = "load/pane.rs"]
mod pane;
#[path = "load/peers.rs"]
mod peers;
#[path = "load/serve.rs"]
mod serve;

pub use closed::{beside_peers, beside_wrk, client_bound, client_bound_peers, fresh, http2, tls};
pub use hostile::named;
pub use open::{evenly, frozen};
pub use pane::{beside_headless, memory};
pub use serve::be;
