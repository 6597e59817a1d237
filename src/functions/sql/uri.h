// gs:// URIs with the places that an event fills.
//
//   {name}    the event's object: "raw/2026/july.csv.gz"
//   {folder}  what leads to it, without the last '/': "raw/2026"; nothing for one at the top
//   {stem}    what is left of the rest without its ending: "july" (also of july.csv)
//
// Anything else in braces is an error; other characters stand for themselves ('*' too).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "functions/spec.h"

namespace caudal::functions {

struct ObjectUri {
  std::string bucket;
  std::string name;  // may have templates until Expand

  std::string Text() const { return "gs://" + bucket + "/" + name; }
};

// kInvalid when it isn't gs://bucket/name, the bucket can't exist, or a template is unknown.
Result<ObjectUri> ParseUri(std::string_view uri);

// kInvalid when what comes out can't be an object's name.
Result<ObjectUri> Expand(const ObjectUri& uri, std::string_view object);

// Where objects of that URI lie, for the guard against loops.
WritePlace PlaceOf(const ObjectUri& uri);
// The same of all outputs whose URI can be read.
std::vector<WritePlace> WritesOf(const SqlPart& part);

}  // namespace caudal::functions
