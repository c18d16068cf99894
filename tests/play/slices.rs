//! Tables of so many rows that filters and orders take a while: keys are answered meanwhile, and what is shown in the end is right.

use meshplay::cluster::rows::{Row, RowState};

use super::play::{Opening, Stage};
use super::scene::{self, KINDS, Make, changed, gone, listed, pod};

const MANY: usize = 30_000;

fn one(number: usize) -> Row {
    pod(&format!("lab/shop/web-{number:05}"), "1/1", "Running")
}

fn failing(number: usize) -> Row {
    pod(&format!("lab/shop/web-{number:05}"), "0/1", "Error").state(RowState::Bad)
}

fn many_pods() -> Stage {
    let mut stage = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).start();
    stage.connections(vec![scene::ready("lab")]).kinds(KINDS);
    stage.play(": po <ret>").rows("lab", listed("pods", (0..MANY).map(one).collect()));
    stage
}

/// Rows that the second line counts, `3,439 of 30,000`.
fn passing(word: &str, numbers: impl Iterator<Item = usize>) -> String {
    let count = numbers.filter(|number| format!("web-{number:05}").contains(word)).count();
    format!("{},{:03} of ", count / 1_000, count % 1_000)
}

/// Lets the clock strike until nothing is left to be done, and no longer than that.
fn done(stage: &mut Stage) -> usize {
    let mut slices = 0;
    while stage.model.is_at_work() {
        stage.strike();
        slices += 1;
    }
    slices
}

#[test]
fn keys_are_answered_while_a_filter_goes_through_many_rows() {
    let mut stage = many_pods();
    stage.play("20j / 1");
    assert!(stage.model.is_at_work());
    assert!(stage.cursor().contains("web-00020 "), "the former rows are still shown:\n{}", stage.screen());
    // A letter more, before the first is done; and a move among the rows that are still seen.
    stage.play("3 <ret>");
    assert!(stage.model.is_at_work());
    stage.play("10j ctrl-f");
    let before = stage.cursor();
    assert!(before.contains("web-000"), "{before}");
    stage.play("ctrl-b 3j");
    // Rows go, come and change between two slices.
    stage.strike();
    assert!(stage.model.is_at_work());
    stage.rows("lab", gone(&[one(29_130)])).rows("lab", changed(vec![one(MANY + 13), failing(13)]));
    let named = stage.cursor();
    assert!(done(&mut stage) > 1);
    let numbers = (0..=MANY).map(|number| if number == MANY { MANY + 13 } else { number }).filter(|number| *number != 29_130);
    assert!(stage.line(1).contains(&passing("13", numbers)), "{}", stage.line(1));
    assert!(stage.line(1).contains("✗1"), "{}", stage.line(1));
    assert!(!named.contains("13") && stage.cursor().contains("13"), "what does not pass is not under the cursor: {}", stage.screen());
    // Few are left, and of few the next filter is done at once.
    stage.play("/ <space> error <ret>");
    assert!(!stage.model.is_at_work());
    assert!(stage.cursor().contains("web-00013 "), "{}", stage.screen());
    // Taken away, all of them have to be looked at again, and the cursor stays on its object.
    stage.play("<esc>");
    assert!(stage.model.is_at_work());
    done(&mut stage);
    assert!(stage.line(1).contains("30,000 rows"), "{}", stage.line(1));
    assert!(stage.cursor().contains("web-00013 "), "{}", stage.screen());
}

#[test]
fn keys_are_answered_while_many_rows_are_sorted() {
    let mut stage = many_pods();
    stage.rows("lab", changed(vec![failing(29_999), failing(15_000)]));
    stage.play("5j S");
    assert!(stage.model.is_at_work());
    assert!(stage.line(1).contains("faults↓"), "{}", stage.line(1));
    stage.play("2j");
    assert!(stage.cursor().contains("web-00007 "), "{}", stage.screen());
    while stage.model.is_at_work() {
        // One more fails with every slice, and the last that did is well again.
        stage.rows("lab", changed(vec![failing(20_001), one(29_999)]));
        stage.strike();
    }
    assert!(stage.cursor().contains("web-00007 "), "{}", stage.screen());
    stage.play("gg");
    assert!(stage.cursor().contains("web-15000 "), "{}", stage.screen());
    stage.play("j");
    assert!(stage.cursor().contains("web-20001 "), "{}", stage.screen());
    stage.play("j");
    assert!(stage.cursor().contains("web-00000 "), "{}", stage.screen());
    // Turned round twice before it was done once, it is as it was.
    stage.play("N N");
    assert!(stage.model.is_at_work());
    done(&mut stage);
    stage.play("gg");
    assert!(stage.cursor().contains("web-29999 "), "{}", stage.screen());
}
