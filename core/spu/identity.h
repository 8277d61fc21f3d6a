// Who the data folder belongs to: a small file written once, so that a wiped disk is told from a
// restart, and so that two SPUs never share a folder.
//
// <dir>/spu.meta: magic "WEIRSPU1" (8), SPU id (i32), storage id (16), CRC-32C of all before (u32);
// big-endian. Written to a temporary name, synced, renamed, folder synced.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/env.h"
#include "core/model/uid.h"
#include "core/task/task.h"

#include <string>

namespace weir::spu {

// Reads the identity of the folder, or makes a new one. The folder exists. Errors: corrupt (the
// file is damaged; nothing is changed), invalid_argument (it belongs to another SPU), those of the
// disk.
Task<Result<Uid>> load_or_create_identity(Env& env, std::string dir, SpuId id);

}  // namespace weir::spu
