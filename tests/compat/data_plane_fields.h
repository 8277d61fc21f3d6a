// Answers of an SPU as fields.
//
// Pure; any executor.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/api_key.h"
#include "tests/compat/field_dump.h"

#include <vector>

namespace weir::test {

// All answers to one request: one, or those of a stream.
void dump_data_plane(Fields& out, wire::SpuApi api, wire::Version version,
                     const std::vector<BufferSlice>& bodies);

}  // namespace weir::test
