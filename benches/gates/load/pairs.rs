//! Pairs of runs in turns: what one generator does as a ratio of what the other did in the same seconds.

use std::fmt;

use super::super::figures::middle;
use super::super::{machine, say};
use super::peers::{Installed, Tally, Task};

/// Of the machine's time, what the hypervisor may give to others during a pair or a run.
pub const STOLEN: f64 = 0.03;

/// The first ones as ratios of the second.
#[derive(Default)]
pub struct Pairs {
    /// Of requests a second, and of processor time a request.
    pub rates: Vec<f64>,
    pub costs: Vec<f64>,
    ours: Vec<f64>,
    dropped: usize,
    /// One of them could not be run.
    failed: bool,
}

/// So many undisturbed pairs of two programs, of at most twice as many.
///
/// # Errors
/// Two of them could not be run.
pub fn pairs(wanted: usize, first: &Installed, second: &Installed, task: &Task) -> Result<Pairs, String> {
    of(wanted, [first.peer.name, second.peer.name], || first.load(task), || second.load(task))
}

/// The same of any two.
///
/// # Errors
/// See [`pairs`].
pub fn of(
    wanted: usize,
    [our_name, their_name]: [&str; 2],
    mut ours: impl FnMut() -> Result<Tally, String>,
    mut theirs: impl FnMut() -> Result<Tally, String>,
) -> Result<Pairs, String> {
    let (mut pairs, mut disturbed) = (Pairs::default(), Pairs::default());
    for turn in 0..2 * wanted {
        if pairs.rates.len() == wanted {
            break;
        }
        let before = machine::stolen();
        // Neither is always the first.
        let (a, b) = if turn % 2 == 0 {
            let a = ours();
            (a, theirs())
        } else {
            let b = theirs();
            (ours(), b)
        };
        let (a, b) = match (a, b) {
            (Ok(a), Ok(b)) => (a, b),
            // Once is a mishap.
            (Err(why), _) | (_, Err(why)) if pairs.failed => return Err(why),
            (Err(why), _) | (_, Err(why)) => {
                say(&format!("  {why}"));
                pairs.failed = true;
                continue;
            }
        };
        let stolen = machine::stolen_since(before);
        let quiet = stolen <= STOLEN;
        let remark = if quiet { String::new() } else { format!("; dropped, {:.0} % of the time was stolen", stolen * 100.0) };
        let cost = |tally: &Tally| tally.cpu.as_secs_f64() / tally.requests;
        let (rate, price) = (a.rate / b.rate, cost(&a) / cost(&b));
        let micros = |tally| cost(tally) * 1e6;
        say(&format!(
            "  {our_name} {:.0}/s at {:.1} µs, {their_name} {:.0}/s at {:.1} µs: {rate:.2}× at {price:.2}×{remark}",
            a.rate,
            micros(&a),
            b.rate,
            micros(&b)
        ));
        let kept = if quiet { &mut pairs } else { &mut disturbed };
        kept.rates.push(rate);
        kept.costs.push(price);
        kept.ours.push(a.rate);
    }
    pairs.dropped = disturbed.rates.len();
    if pairs.rates.len() * 2 < wanted {
        return Err(format!("the hypervisor took more than 3 % in {} of {} pairs", pairs.dropped, pairs.dropped + pairs.rates.len()));
    }
    Ok(pairs)
}

impl Pairs {
    pub fn rate(&self) -> f64 {
        middle(&self.rates)
    }

    pub fn cost(&self) -> f64 {
        middle(&self.costs)
    }

    /// The lower end of the interval that holds the true median of the ratios in at least 95 of 100 cases, from ranks alone; the least of them where there
    /// are fewer than nine.
    pub fn lower(&self) -> f64 {
        let mut sorted = self.rates.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[rank(sorted.len())]
    }
}

/// How many of the smallest may be left out: as long as so few of n fair coins fall on one side in at most 2.5 of 100 cases.
fn rank(n: usize) -> usize {
    let (mut term, mut below, mut rank) = (0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX)), 0.0, 0);
    while below + term <= 0.025 {
        below += term;
        term *= (n - rank) as f64 / (rank + 1) as f64;
        rank += 1;
    }
    rank.saturating_sub(1)
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |all: &[f64]| {
            let (least, most) = all.iter().fold((f64::MAX, 0.0_f64), |(least, most), one| (least.min(*one), most.max(*one)));
            format!("[{least:.2}..{most:.2}]")
        };
        let (rates, costs) = (range(&self.rates), range(&self.costs));
        write!(f, "{:.2}× {rates} at {:.2}× {costs} the CPU of {} pairs", self.rate(), self.cost(), self.rates.len())?;
        write!(f, ", {:.0}/s", middle(&self.ours))?;
        if self.failed {
            f.write_str("; one pair could not be run")?;
        }
        if self.dropped > 0 { write!(f, "; {} pairs dropped for stolen time", self.dropped) } else { Ok(()) }
    }
}
