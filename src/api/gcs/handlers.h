// The handlers of the JSON API, by resource. Each translates one request to the store and back.
#pragma once

#include "api/gcs/context.h"

namespace caudal::api::gcs {

using http::Request;
using http::Response;

// buckets.cc
Result<Response> InsertBucket(const Context&, Request&);
Result<Response> ListBuckets(const Context&, Request&);
Result<Response> GetBucket(const Context&, Request&);
Result<Response> PatchBucket(const Context&, Request&);
Result<Response> UpdateBucket(const Context&, Request&);
Result<Response> DeleteBucket(const Context&, Request&);
Result<Response> LockRetentionPolicy(const Context&, Request&);
Result<Response> GetStorageLayout(const Context&, Request&);

// bucket_policy.cc
Result<Response> GetIamPolicy(const Context&, Request&);
Result<Response> SetIamPolicy(const Context&, Request&);
Result<Response> TestIamPermissions(const Context&, Request&);
Result<Response> GetServiceAccount(const Context&, Request&);

// notifications.cc
Result<Response> InsertNotification(const Context&, Request&);
Result<Response> ListNotifications(const Context&, Request&);
Result<Response> GetNotification(const Context&, Request&);
Result<Response> DeleteNotification(const Context&, Request&);

// objects.cc
Result<Response> ListObjects(const Context&, Request&);
Result<Response> GetObject(const Context&, Request&);       // alt=media: the bytes
Result<Response> DownloadObject(const Context&, Request&);  // always the bytes
Result<Response> PatchObject(const Context&, Request&);
Result<Response> UpdateObject(const Context&, Request&);
Result<Response> DeleteObject(const Context&, Request&);
Result<Response> InsertEmptyObject(const Context&, Request&);

// copying.cc
Result<Response> ComposeObject(const Context&, Request&);
Result<Response> RewriteObject(const Context&, Request&);
Result<Response> CopyObject(const Context&, Request&);
Result<Response> MoveObject(const Context&, Request&);
Result<Response> RestoreObject(const Context&, Request&);
// POST …/o/<name>/<verb…>, where slashes of the name may be raw: finds the verb, calls the above.
Result<Response> PostToObject(const Context&, Request&);

// uploads.cc
Result<std::unique_ptr<http::BodySink>> Upload(const Context&, Request&);
Result<std::unique_ptr<http::BodySink>> ContinueUpload(const Context&, Request&);
Result<Response> CancelUpload(const Context&, Request&);

// batch.cc
Result<Response> Batch(const Context&, Request&, const http::Router& router);

}  // namespace caudal::api::gcs
