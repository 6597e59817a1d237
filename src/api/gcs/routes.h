// The Cloud Storage APIs: JSON under /storage/v1, /upload, /download, /batch and, for Node's
// client, under /b; XML at the root. Translation only: every rule about objects is the store's.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "events/outbox.h"
#include "http/router.h"
#include "objects/store.h"

namespace caudal::api::gcs {

struct GcsOptions {
  uint64_t object_bytes_max = 5ull << 40;  // of one upload request
  uint64_t json_bytes_max = 1u << 20;      // of a JSON or XML request body, also once decompressed
  uint64_t inline_bytes_max = 64u << 10;   // bodies up to this are read at once, not sent as a file
  uint64_t batch_bytes_max = 8u << 20;
  int batch_calls_max = 100;
  int64_t default_soft_delete_seconds = 0;                    // for new buckets that don't say
  std::string service_account_email = "caudal@caudal.local";  // what projects.serviceAccount says
};

struct GcsDependencies {
  objects::Store& store;
  events::Outbox& outbox;
  Random& random;
  // Whether a notification may name this topic ("projects/p/topics/t").
  std::function<bool(const std::string& topic)> has_topic;
  GcsOptions options;
};

// What the dependencies refer to must outlive the router. The router must stay where it is: batch
// calls go through it again.
//
// Authorisation: each route names an action ("storage.objects.get"). Two things are the
// authoriser's: a request that carries a V4 signature, on any of these routes, must verify; and
// requests with an `upload_id` in their query, to a route whose action IsUploadAction, continue a
// resumable upload and nothing else: where a signed URL started it they carry no credentials, the
// unguessable id is the proof.
void AddRoutes(http::Router& router, GcsDependencies dependencies);

// "storage.uploads.continue" and "storage.objects.upload".
bool IsUploadAction(std::string_view action);

}  // namespace caudal::api::gcs
