//! Webhooks, as seen in what is stored.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use millrace_domain::id::TimerId;
use millrace_store::timer::{Table, item};

use super::Stack;
use super::tables::text;

impl Stack {
    /// Makes a timer's next attempt due now, as if its wait were over.
    pub async fn hasten(&self, id: &str) {
        let table = Table::new(self.dynamodb.clone(), self.table("TimersTable").to_owned(), Duration::from_secs(60));
        let stored = table.get(&TimerId::try_from(id.to_owned()).unwrap()).await.unwrap().unwrap();
        let mut now = stored.clone();
        now.due_at = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
        now.version += 1;
        let actions =
            vec![table.replace(&now).unwrap(), table.remove_due(&stored).unwrap(), table.add_due(&now).unwrap()];
        self.dynamodb.transact_write_items().set_transact_items(Some(actions)).send().await.unwrap();
        assert_eq!(item::read(&self.timers().await[id]).unwrap().due_at, now.due_at);
    }

    /// Ids of the sender's dead letters.
    pub async fn dead_letters(&self) -> BTreeSet<String> {
        let items = self.items("DeadLetterTable").await;
        items.iter().filter(|it| text(it, "consumer") == "webhook-sender").map(|it| text(it, "id").to_owned()).collect()
    }

    /// Waits until everything is done, and checks it.
    pub async fn judged(&self) {
        self.drained().await;
        self.conserved().await;
    }
}
