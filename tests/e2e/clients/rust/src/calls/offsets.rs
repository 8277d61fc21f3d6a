//! Consumer offsets, manual and automatic.

use std::time::Duration;

use fluvio::consumer::{ConsumerStream, OffsetManagementStrategy};

use super::{check, from_beginning, numbers, step, World, COUNT};
use crate::Result;
use futures_util::StreamExt;

pub async fn run(world: &World) {
    step(
        &["ConsumerStream::offset_commit", "ConsumerStream::offset_flush",
          "ConsumerConfigExtBuilder::offset_consumer",
          "ConsumerConfigExtBuilder::offset_strategy Manual", "Fluvio::consumer_offsets",
          "Fluvio::delete_consumer_offset"],
        manual(world),
    )
    .await;
    step(
        &["ConsumerConfigExtBuilder::offset_strategy Auto",
          "ConsumerConfigExtBuilder::offset_flush",
          "ConsumerConfigExtBuilder::offset_flusher_check_period"],
        automatic(world),
    )
    .await;
    step(&["ConsumerConfigExtBuilder::offset_strategy None"], none(world)).await;
}

async fn read<S: ConsumerStream>(stream: &mut S, count: u32) -> Result<Vec<String>> {
    let mut found = Vec::new();
    while found.len() < count as usize {
        let record = stream.next().await.ok_or("the stream ended")?;
        let record = record.map_err(|code| format!("{code:?}"))?;
        found.push(String::from_utf8_lossy(record.value()).into_owned());
    }
    Ok(found)
}

async fn stored(world: &World, consumer: &str) -> Result<Vec<i64>> {
    let listed = world.fluvio.consumer_offsets().await?;
    let mine = listed.iter().filter(|item| item.consumer_id == consumer);
    Ok(mine.map(|item| item.offset).collect())
}

async fn manual(world: &World) -> Result<()> {
    let name = world.make_filled("offsets", COUNT, 1).await?;
    let consumer = world.name("manual");
    let config = || {
        from_beginning(&name)
            .offset_consumer(consumer.clone())
            .offset_strategy(OffsetManagementStrategy::Manual)
            .build()
    };
    let mut stream = world.fluvio.consumer_with_config(config()?).await?;
    check(read(&mut stream, 5).await?, numbers(0, 5))?;
    check(stored(world, &consumer).await?, vec![])?;
    stream.offset_commit().await.map_err(|code| format!("{code:?}"))?;
    stream.offset_flush().await.map_err(|code| format!("{code:?}"))?;
    check(stored(world, &consumer).await?, vec![4])?;
    drop(stream);
    let mut stream = world.fluvio.consumer_with_config(config()?).await?;
    check(read(&mut stream, 3).await?, numbers(5, 8))?;
    drop(stream);
    check(stored(world, &consumer).await?, vec![4])?;
    world.fluvio.delete_consumer_offset(consumer.clone(), (name.clone(), 0)).await?;
    check(stored(world, &consumer).await?, vec![])
}

async fn automatic(world: &World) -> Result<()> {
    let name = world.make_filled("automatic", COUNT, 1).await?;
    let consumer = world.name("automatic");
    let config = from_beginning(&name)
        .offset_consumer(consumer.clone())
        .offset_strategy(OffsetManagementStrategy::Auto)
        .offset_flush(Duration::from_millis(100))
        .offset_flusher_check_period(Duration::from_millis(20))
        .build()?;
    let mut stream = world.fluvio.consumer_with_config(config).await?;
    check(read(&mut stream, 9).await?, numbers(0, 9))?;
    // What was yielded before the last record is committed and flushed in the background.
    while stored(world, &consumer).await?.first() < Some(&7) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
    Ok(())
}

async fn none(world: &World) -> Result<()> {
    let name = world.make_filled("no-offsets", COUNT, 1).await?;
    let consumer = world.name("none");
    let config = from_beginning(&name)
        .offset_consumer(consumer.clone())
        .offset_strategy(OffsetManagementStrategy::None)
        .build()?;
    let mut stream = world.fluvio.consumer_with_config(config).await?;
    check(read(&mut stream, 5).await?, numbers(0, 5))?;
    drop(stream);
    check(stored(world, &consumer).await?, vec![])
}
