// Who the data folder belongs to: a small file, so that a wiped disk is told from a restart, two
// SPUs never share a folder, and no SC but that of its cluster makes an SPU delete what it has.
//
// It also has what the SPU was told last, which shows an SC with metadata from a backup that they
// are older than the cluster (replication.md 5.14).
//
// <dir>/spu.meta: magic "WEIRSPU3" (8), SPU id (i32), storage id (16), cluster id (16; zero: not
// known yet), clean boot (u64; 0: none), last boot (u64), term (u64), CRC-32C of all before (u32);
// big-endian. "WEIRSPU2" is the same without last boot and term, "WEIRSPU1" without cluster and
// clean boot as well. Written to a temporary name, synced, renamed, folder synced.
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
    // Of the last registration, of this process or one before it; kNoBoot before the first.
    BootEpoch last_boot() const { return last_boot_; }
    // The term of the SC that was.
    ScEpoch term() const { return term_; }

    // An SC of the cluster has accepted this SPU: durable when it returns. After an error term and
    // boot are known as long as the process runs; the cluster is not, if it was not before. Writes
    // nothing when the file has all of it.
    Task<Result<void>> registered(Uid cluster_id, ScEpoch term, BootEpoch boot);
    // Everything of this boot is synced, and nothing more comes. Durable when it returns.
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
    BootEpoch last_boot_;
    ScEpoch term_;
    // The file has what is here.
    bool is_written_ = true;
};

}  // namespace weir::spu
