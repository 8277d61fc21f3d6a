// Who the data folder belongs to: a small file, so that a wiped disk is told from a restart, two
// SPUs never share a folder, and no SC but that of its cluster makes an SPU delete what it has.
//
// <dir>/spu.meta: magic "WEIRSPU2" (8), SPU id (i32), storage id (16), cluster id (16; zero: not
// known yet), clean boot (u64; 0: none), CRC-32C of all before (u32); big-endian. "WEIRSPU1" is the
// same without cluster and boot. Written to a temporary name, synced, renamed, folder synced.
//
// Owner: `run` in service.cc. One shard, one call at a time; Env outlives it.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/env.h"
#include "core/model/uid.h"
#include "core/task/task.h"

#include <string>

namespace weir::spu {

class IdentityFile {
public:
    IdentityFile(Env& env, std::string dir, SpuId id);

    // First of all: reads the identity of the folder, or makes a new one. The folder exists. A
    // clean marker that it finds is gone from the disk when this returns. Errors: corrupt (the
    // file is damaged; nothing is changed), invalid_argument (it belongs to another SPU), those of
    // the disk.
    Task<Result<void>> load();

    const Uid& storage_id() const { return storage_id_; }
    // Zero before the first registration.
    const Uid& cluster_id() const { return cluster_id_; }
    // Of the boot that ended in order before load(); kNoBoot (0): none did.
    BootEpoch clean_boot() const { return clean_boot_; }

    // Both are durable when they return.
    Task<Result<void>> set_cluster_id(Uid cluster_id);
    // Everything of this boot is synced, and nothing more comes.
    Task<Result<void>> leave_clean_marker(BootEpoch boot);

private:
    Result<void> decode(ByteSpan bytes);
    Task<Result<void>> write(BootEpoch clean_boot);

    Env& env_;
    std::string dir_;
    SpuId id_;
    Uid storage_id_;
    Uid cluster_id_;
    BootEpoch clean_boot_;
};

}  // namespace weir::spu
