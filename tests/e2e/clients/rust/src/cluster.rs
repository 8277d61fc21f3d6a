//! What `fluvio cluster start --local` asks of the SC, by the library that it uses itself.

use fluvio::metadata::customspu::CustomSpuSpec;
use fluvio::metadata::spu::SpuSpec;
use fluvio::Fluvio;
use serde_json::json;

use crate::{say, Result};

/// ID PUBLIC_PORT PRIVATE_PORT: unless an SPU of that name is there already.
pub async fn register_spu(fluvio: &Fluvio, args: &[String]) -> Result<()> {
    let (id, public): (i32, u16) = (args[0].parse()?, args[1].parse()?);
    let private: u16 = args[2].parse()?;
    let admin = fluvio.admin().await;
    let name = format!("custom-spu-{id}");
    let known = admin.list::<CustomSpuSpec, _>(vec![name.clone()]).await?;
    if known.is_empty() {
        // From JSON, since the types of the endpoints are not exported.
        let spec: CustomSpuSpec = serde_json::from_value(json!({
            "id": id,
            "publicEndpoint": {"port": public, "encryption": "PLAINTEXT",
                               "ingress": [{"hostname": "localhost"}]},
            "privateEndpoint": {"port": private, "encryption": "PLAINTEXT", "host": "localhost"},
        }))?;
        admin.create(name, false, spec).await?;
    }
    say(json!({"created": known.is_empty()}));
    Ok(())
}

pub async fn list_spus(fluvio: &Fluvio) -> Result<()> {
    let listed = fluvio.admin().await.all::<SpuSpec>().await?;
    let online: Vec<i32> =
        listed.iter().filter(|spu| spu.status.is_online()).map(|spu| spu.spec.id).collect();
    say(json!({"spus": listed.len(), "online": online}));
    Ok(())
}
