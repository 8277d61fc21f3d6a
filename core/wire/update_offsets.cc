#include "core/wire/update_offsets.h"

namespace weir::wire {

Result<UpdateOffsetsRequest> decode_update_offsets_request(Reader& reader, Version /*version*/) {
    UpdateOffsetsRequest request;
    WEIR_TRY(request.offsets, read_usually_one(reader, [](Reader& r) -> Result<OffsetUpdate> {
                 OffsetUpdate update;
                 WEIR_TRY(update.offset, r.read_i64());
                 WEIR_TRY(update.session_id, r.read_u32());
                 return update;
             }));
    return request;
}

void encode(Writer& writer, const UpdateOffsetsRequest& request, Version /*version*/) {
    writer.write_vector(request.offsets, [](Writer& w, const OffsetUpdate& update) {
        w.write_i64(update.offset);
        w.write_u32(update.session_id);
    });
}

Result<UpdateOffsetsResponse> decode_update_offsets_response(Reader& reader, Version /*version*/) {
    UpdateOffsetsResponse response;
    WEIR_TRY(response.status, read_usually_one(reader, [](Reader& r) -> Result<OffsetUpdateStatus> {
                 OffsetUpdateStatus status;
                 WEIR_TRY(status.session_id, r.read_u32());
                 WEIR_TRY(status.error, decode_error(r));
                 return status;
             }));
    return response;
}

void encode(Writer& writer, const UpdateOffsetsResponse& response, Version /*version*/) {
    writer.write_vector(response.status, [](Writer& w, const OffsetUpdateStatus& status) {
        w.write_u32(status.session_id);
        encode(w, status.error);
    });
}

}  // namespace weir::wire
