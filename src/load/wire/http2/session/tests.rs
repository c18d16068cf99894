//! A client and a server that says what a test wants it to say.

use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::LocalSet;

use super::*;

/// The other end, byte by byte.
struct Server(DuplexStream);

/// A frame that came.
#[derive(Debug)]
struct Came {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Server {
    async fn say(&mut self, frames: &[u8]) {
        self.0.write_all(frames).await.unwrap();
    }

    /// The next frame, but those that only keep the connection going.
    async fn hear(&mut self) -> Came {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.unwrap();
            let [_, a, b, c, kind, flags, s, t, u, v] = [[0].as_slice(), &head].concat().try_into().unwrap();
            let mut payload = vec![0; usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)];
            self.0.read_exact(&mut payload).await.unwrap();
            if !matches!(kind, kind::SETTINGS | kind::WINDOW_UPDATE) {
                return Came { kind, flags, stream: u32::from_be_bytes([s, t, u, v]), payload };
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Frame::write(&mut out, kind, flags, stream, payload);
    out
}

fn settings(all: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = all.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(kind::SETTINGS, 0, 0, &payload)
}

/// `:status: 200`, and that with a length of five.
const OK: &[u8] = b"\x88";
const OK_5: &[u8] = b"\x88\x0f\x0d\x015";

const END: u8 = flag::END_STREAM;
const HEAD: u8 = flag::END_HEADERS;

fn request(method: Method, body: &'static [u8]) -> Ready {
    Ready::new(&method, false, "shop", b"/cart", &HeaderMap::new(), body.into(), true)
}

fn get() -> Ready {
    request(Method::GET, b"")
}

/// A connection whose server has settled that.
async fn connected(settled: &[(u16, u32)]) -> (Session, Server) {
    connected_through(1 << 20, settled).await
}

/// One where so many bytes may be under way.
async fn connected_through(bytes: usize, settled: &[(u16, u32)]) -> (Session, Server) {
    let (near, far) = duplex(bytes);
    let mut server = Server(far);
    server.say(&settings(settled)).await;
    let session = Session::begin(near).await.ok().unwrap();
    let mut preface = [0; PREFACE.len()];
    server.0.read_exact(&mut preface).await.unwrap();
    assert_eq!(preface, PREFACE);
    (session, server)
}

/// What came of a request when the server has answered with these bytes.
async fn answered(ready: &Ready, wanted: usize, answer: &[u8]) -> (Result<Whole, Broken>, Server) {
    let (session, mut server) = connected(&[]).await;
    let (outcome, ()) = tokio::join!(session.exchange(ready, wanted), async {
        server.hear().await;
        for piece in answer.chunks(3) {
            server.say(piece).await;
            tokio::task::yield_now().await;
        }
    });
    (outcome, server)
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

fn fault(outcome: Result<Whole, Broken>) -> (Class, String, bool) {
    match outcome {
        Err(Broken::Fault(fault)) => (fault.class, fault.reason.unwrap_or_default(), fault.alive),
        Err(Broken::Elsewhere) => panic!("it went elsewhere"),
        Ok(whole) => panic!("it was answered: {:?}", whole.head),
    }
}

#[test]
fn answers_are_put_together() {
    run(async {
        let split = [
            frame(kind::HEADERS, HEAD, 1, b"\x08\x03103"),
            frame(kind::HEADERS, flag::PADDED | flag::PRIORITY, 1, b"\x02\0\0\0\0\x10\x88\0\0"),
            frame(kind::CONTINUATION, 0, 1, b"\x0f\x0d"),
            frame(kind::CONTINUATION, HEAD, 1, b"\x015"),
            frame(kind::DATA, flag::PADDED, 1, b"\x01abc\0"),
            frame(kind::PING, 0, 0, b"12345678"),
            frame(0xbe, 0xff, 1, b"nobody knows this one"),
            frame(kind::DATA, 0, 1, b"de"),
            frame(kind::HEADERS, HEAD | END, 1, b"\0\x0bgrpc-status\x0213\0\x0cgrpc-message\x02no"),
        ];
        let (whole, mut server) = answered(&get(), 4, &split.concat()).await;
        let whole = whole.ok().unwrap();
        assert_eq!((whole.head.status, whole.head.length, whole.bytes, whole.start.as_slice()), (Some(200), Some(5), 5, &b"abcd"[..]));
        let trailers = whole.trailers.unwrap();
        assert_eq!((trailers.grpc_status, trailers.grpc_message.as_deref()), (Some(13), Some("no")));
        let pong = server.hear().await;
        assert_eq!((pong.kind, pong.flags, pong.payload.as_slice()), (kind::PING, flag::ACK, &b"12345678"[..]));

        // A length without a body is no lie where there is none by definition.
        let head = request(Method::HEAD, b"");
        assert!(answered(&head, 0, &frame(kind::HEADERS, HEAD | END, 1, OK_5)).await.0.is_ok());
        assert!(answered(&get(), 0, &frame(kind::HEADERS, HEAD | END, 1, b"\x8b\x0f\x0d\x015")).await.0.is_ok());
    });
}

#[test]
fn lies_have_their_classes() {
    run(async {
        let after = |more: Vec<u8>| [frame(kind::HEADERS, HEAD, 1, OK_5), more].concat();
        let data = |flags, payload: &[u8]| frame(kind::DATA, flags, 1, payload);
        let reset = |code: u32| frame(kind::RST_STREAM, 0, 1, &code.to_be_bytes());
        for (answer, class, words, alive) in [
            (data(0, b"x"), Class::Nonsense, "before its head", true),
            (after(data(END, b"1234")), Class::Nonsense, "shorter", true),
            (after(data(0, b"123456")), Class::Nonsense, "longer", true),
            (after(frame(kind::HEADERS, HEAD, 1, OK)), Class::Nonsense, "two heads", true),
            (frame(kind::HEADERS, HEAD, 1, b"\x0f\x0d\x015"), Class::Nonsense, "no status", true),
            (frame(kind::HEADERS, HEAD, 1, b"\xbe"), Class::Nonsense, "cannot be read", false),
            (frame(kind::HEADERS, HEAD, 3, OK), Class::Nonsense, "cannot belong", false),
            (frame(kind::HEADERS, HEAD, 2, OK), Class::Nonsense, "cannot belong", false),
            (frame(kind::DATA, 0, 0, b"x"), Class::Nonsense, "cannot belong", false),
            (frame(kind::CONTINUATION, HEAD, 1, OK), Class::Nonsense, "has not begun", false),
            ([frame(kind::HEADERS, 0, 1, OK), data(0, b"x")].concat(), Class::Nonsense, "between the parts", false),
            (frame(kind::PUSH_PROMISE, HEAD, 1, b"\0\0\0\x02\x82"), Class::Nonsense, "promises", false),
            (frame(kind::SETTINGS, 0, 0, b"12345"), Class::Nonsense, "size", false),
            (settings(&[(4, 0x8000_0000)]), Class::Nonsense, "allowed", false),
            (settings(&[(5, 100)]), Class::Nonsense, "size", false),
            (frame(kind::PING, 0, 0, b"short"), Class::Nonsense, "size", false),
            (frame(kind::WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()), Class::Nonsense, "allowed", false),
            (frame(kind::WINDOW_UPDATE, 0, 1, &[0; 4]), Class::Nonsense, "allowed", false),
            (frame(kind::WINDOW_UPDATE, 0, 3, &[0, 0, 0, 1]), Class::Nonsense, "cannot belong", false),
            (frame(kind::GOAWAY, 0, 0, b"1234"), Class::Nonsense, "size", false),
            (b"\xff\xff\xff\0\0\0\0\0\x01".to_vec(), Class::Nonsense, "size", false),
            (reset(2), Class::StreamReset, "internal error", true),
            (reset(0xdead), Class::StreamReset, "57005", true),
            (frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11]), Class::GoAway, "calm", false),
        ] {
            let outcome = fault(answered(&get(), 0, &answer).await.0);
            assert!(outcome.0 == class && outcome.1.contains(words) && outcome.2 == alive, "{answer:?}: {outcome:?}");
        }
        // It goes away in the middle.
        let (session, mut server) = connected(&[]).await;
        let ready = get();
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), async {
            server.hear().await;
            server.say(&frame(kind::HEADERS, HEAD, 1, OK)).await;
            drop(server);
        });
        assert_eq!(fault(outcome).0, Class::Closed);
    });
}

#[test]
fn nothing_grows_without_end() {
    run(async {
        // A head that goes on and on.
        let (session, mut server) = connected(&[]).await;
        let ready = get();
        let endless = async {
            server.hear().await;
            server.say(&frame(kind::HEADERS, 0, 1, OK)).await;
            while server.0.write_all(&frame(kind::CONTINUATION, 0, 1, &[0; 1_000])).await.is_ok() {}
        };
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), endless);
        assert_eq!(fault(outcome).1, "a head is larger than any should be");
        // Somebody who asks and does not read: what he is answered fills up all there is between us first.
        let (session, mut server) = connected(&[]).await;
        let asks = async {
            let pings = frame(kind::PING, 0, 0, &[0; 8]).repeat(1_000);
            while server.0.write_all(&pings).await.is_ok() {}
        };
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), asks);
        assert_eq!(fault(outcome).1, "it asks and does not read the answers");
    });
}

#[test]
fn a_server_that_never_reads_all_does_not_make_the_heap_grow() {
    run(async {
        let (session, mut server) = connected_through(1 << 10, &[]).await;
        let pings = frame(kind::PING, 0, 0, &[0; 8]).repeat(60);
        // A hundred thousand bytes of answers always lie ready.
        for _ in 0..100 {
            server.say(&pings).await;
        }
        let mut answers = vec![0; pings.len()];
        for _ in 0..3_000 {
            server.say(&pings).await;
            server.0.read_exact(&mut answers).await.unwrap();
        }
        let state = session.0.borrow();
        assert!(state.over.is_none() && state.unwritten() > 50_000 && state.out.len() < 2 * ENOUGH, "{} of {}", state.unwritten(), state.out.len());
    });
}

#[test]
fn requests_wait_while_much_is_to_be_written_and_are_no_reproach_to_the_server() {
    run(async {
        let (session, mut server) = connected_through(1 << 10, &[]).await;
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "c".repeat(12_000).parse().unwrap());
        let ready = Rc::new(Ready::new(&Method::GET, false, "shop", b"/", &headers, Bytes::new(), false));
        let mut lanes = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (session, ready) = (session.clone(), ready.clone());
            lanes.spawn_local(async move { session.exchange(&ready, 0).await.is_ok() });
        }
        server.say(&frame(kind::PING, 0, 0, &[0; 8])).await;
        let mut most = 0;
        for _ in 0..101 {
            most = session.0.borrow().unwritten().max(most);
            let came = server.hear().await;
            if came.kind == kind::HEADERS {
                server.say(&frame(kind::HEADERS, HEAD | END, came.stream, OK)).await;
            }
        }
        assert_eq!(lanes.join_all().await, [true; 100]);
        assert!((ENOUGH / 2..ENOUGH + 20_000).contains(&most), "{most}");
    });
}

#[test]
fn bodies_are_sent_as_far_as_the_server_allows() {
    run(async {
        let (session, mut server) = connected(&[(4, 10)]).await;
        let ready = request(Method::POST, b"twenty-one characters");
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), async {
            let head = server.hear().await;
            assert_eq!((head.kind, head.flags), (kind::HEADERS, HEAD));
            assert_eq!(server.hear().await.payload, b"twenty-one");
            server.say(&frame(kind::WINDOW_UPDATE, 0, 1, &4_u32.to_be_bytes())).await;
            assert_eq!(server.hear().await.payload, b" cha");
            // The window of all streams, those that are open too (RFC 9113, 6.9.2).
            server.say(&settings(&[(4, 100)])).await;
            let last = server.hear().await;
            assert_eq!((last.kind, last.flags, last.payload.as_slice()), (kind::DATA, END, &b"racters"[..]));
            server.say(&frame(kind::HEADERS, HEAD | END, 1, OK)).await;
        });
        assert!(outcome.is_ok());
        // An answer that does not wait for the whole question.
        let (session, mut server) = connected(&[(4, 10)]).await;
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), async {
            server.hear().await;
            server.hear().await;
            server.say(&frame(kind::HEADERS, HEAD | END, 1, OK)).await;
            assert_eq!(server.hear().await.kind, kind::RST_STREAM);
        });
        assert!(outcome.is_ok());
    });
}

#[test]
fn no_more_streams_are_opened_than_the_server_allows() {
    run(async {
        let (session, mut server) = connected(&[(3, 1)]).await;
        let ready = get();
        let (first, second, ()) = tokio::join!(session.exchange(&ready, 0), session.exchange(&ready, 0), async {
            assert_eq!(server.hear().await.stream, 1);
            // Nothing but the answer to this comes before the first stream is over.
            server.say(&frame(kind::PING, 0, 0, &[0; 8])).await;
            assert_eq!(server.hear().await.kind, kind::PING);
            server.say(&frame(kind::HEADERS, HEAD | END, 1, OK)).await;
            assert_eq!(server.hear().await.stream, 3);
            server.say(&frame(kind::HEADERS, HEAD | END, 3, OK)).await;
        });
        assert!(first.is_ok() && second.is_ok());
    });
}

#[test]
fn who_waits_for_leave_and_gives_up_leaves_nothing_behind_and_its_place_to_the_next() {
    run(async {
        let (session, mut server) = connected(&[(3, 0)]).await;
        let ready = get();
        for _ in 0..100 {
            let mut one = Box::pin(session.exchange(&ready, 0));
            assert!(futures::poll!(&mut one).is_pending() && futures::poll!(&mut one).is_pending());
        }
        assert!(session.0.borrow().waiting.is_empty());
        // One may begin: the first in line, and when that one goes away, the next.
        let (mut first, mut second) = (Box::pin(session.exchange(&ready, 0)), Box::pin(session.exchange(&ready, 0)));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        let leave = async {
            server.say(&settings(&[(3, 1)])).await;
            server.say(&frame(kind::PING, 0, 0, &[0; 8])).await;
            assert_eq!(server.hear().await.kind, kind::PING);
        };
        leave.await;
        assert!(futures::poll!(&mut second).is_pending(), "it would push in");
        drop(first);
        let (outcome, ()) = tokio::join!(second, async {
            assert_eq!(server.hear().await.stream, 1);
            server.say(&frame(kind::HEADERS, HEAD | END, 1, OK)).await;
        });
        assert!(outcome.is_ok());
    });
}

#[test]
fn a_head_is_told_once_and_then_referred_to_unless_the_server_forgets() {
    run(async {
        for (settled, first, again) in [(&[][..], 0x82, true), (&[(1, 0)], 0x20, false)] {
            let (session, mut server) = connected(settled).await;
            let ready = get();
            let mut lengths = Vec::new();
            for stream in [1, 3, 5] {
                let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), async {
                    let head = server.hear().await;
                    assert_eq!(head.stream, stream);
                    if stream == 1 {
                        assert_eq!(head.payload[0], first);
                    }
                    lengths.push(head.payload.len());
                    server.say(&frame(kind::HEADERS, HEAD | END, stream, OK)).await;
                });
                assert!(outcome.is_ok());
            }
            // Method, scheme, authority, path: a byte each.
            assert_eq!((lengths[1] == 4, lengths[2] == 4, lengths[1] == lengths[2]), (again, again, true), "{lengths:?}");
        }
    });
}

#[test]
fn who_goes_elsewhere_has_not_begun_and_who_is_not_waited_for_is_reset() {
    run(async {
        let (session, mut server) = connected(&[]).await;
        let ready = get();
        let (first, second, ()) = tokio::join!(session.exchange(&ready, 0), session.exchange(&ready, 0), async {
            server.hear().await;
            server.hear().await;
            server.say(&frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])).await;
            server.say(&frame(kind::HEADERS, HEAD | END, 1, OK)).await;
        });
        assert!(first.is_ok() && matches!(second, Err(Broken::Elsewhere)));
        assert!(matches!(session.exchange(&ready, 0).await, Err(Broken::Elsewhere)));

        let (session, mut server) = connected(&[]).await;
        let lives = async {
            server.hear().await;
            server.say(&frame(kind::PING, 0, 0, &[0; 8])).await;
            server.hear().await
        };
        tokio::select! {
            _ = session.exchange(&ready, 0) => panic!("nobody has answered"),
            _ = lives => {}
        }
        let reset = server.hear().await;
        assert_eq!((reset.kind, reset.stream, reset.payload.as_slice()), (kind::RST_STREAM, 1, &Code::CANCEL.0.to_be_bytes()[..]));
        // What is still on its way for it disturbs nobody.
        let late = [frame(kind::HEADERS, HEAD, 1, OK), frame(kind::DATA, END, 1, b"late"), frame(kind::HEADERS, HEAD | END, 3, OK)].concat();
        let (outcome, ()) = tokio::join!(session.exchange(&ready, 0), async {
            server.hear().await;
            server.say(&late).await;
        });
        assert!(outcome.is_ok());
        // Where nothing at all has come the next one asks elsewhere.
        tokio::select! {
            _ = session.exchange(&ready, 0) => panic!("nobody has answered"),
            _ = server.hear() => {}
        }
        assert!(matches!(session.exchange(&ready, 0).await, Err(Broken::Elsewhere)));
        assert_eq!(server.hear().await.kind, kind::RST_STREAM);
        // With its last user the connection goes.
        drop(session);
        assert_eq!(server.0.read(&mut [0; 9]).await.unwrap(), 0);
    });
}
