// Requests signed by other implementations on 2026-11-23T12:00:00Z: google-cloud-storage 3.17
// (signed URLs), botocore 1.44 (S3), and the specification worked through by hand
// (GOOG4-HMAC-SHA256). For tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace caudal::auth {

inline constexpr const char* kVectorTime = "20261123T120000Z";
inline constexpr const char* kVectorEmail = "signer@demo.caudal.local";
inline constexpr const char* kVectorAccessId = "GOOG1EVECTORKEY";
inline constexpr const char* kVectorSecret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIzNDU2Nzg5MA==";
inline constexpr const char* kVectorPublicKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuXqa7yAOokc84G5KSWJS\n"
    "WH5qBEb29pOvdyplO7tJU0mwHoUjzOBTDn7foJ2Qt8afoSy4n5imB4kg/H9h6wpm\n"
    "Wzve0njbN0sKBLPDX1q8/EpfaeKQC5xnp/6LEI5I8aXXs+awbe71qEzHDgWMKK36\n"
    "8oj7onuUUa5ugDxA49c5EuMDxUiAJFbWJkMvDGXLuRFwW81QUFqX8iqsnZQGP0tf\n"
    "2CSMdlkxeeb/H36cbCite2j9v1eCEVs9HJ/12XN7HF77dZjODY3eOi+hCKJm4itb\n"
    "ZH1hRXGxSJ0gkSjN7ir6FC8rSS6CkX7gb+fAzSV1bMpS0Y2xSnu15L6BKziLaCbU\n"
    "oQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

struct SignatureVector {
  const char* label;
  const char* signer;
  const char* method;
  const char* path;
  const char* query;
  std::vector<std::pair<std::string, std::string>> headers;
};

inline const std::vector<SignatureVector> kSignatureVectors = {
    {"plain",
     "signer",
     "GET",
     "/photos/cat.jpg",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host&X-Goog-Signature=174b9b74447d1f2bf9da55bc7e317c8f559f2a25035d5f4e343d345"
     "b18f5053236654a75640b4f399b2f8e04e1a907e684f69ab482985b947b3793a6adb2cf095b5e0d93c91075a02"
     "0f2501d68c1e8d7f53a98b5824a66fdf27630d17d4c5ec43c2ba13c8de729cf2dfc7c9b588b72ca26703a99685"
     "c3a10fbf71d97636c81f8170f112ceb1952b891b7e9e088eaa8c120b5b62a47e4147d1052ab023dd9986f22724"
     "4dea9c124fd64d30f9b243cdfe591c10da6a45bde109b6ab0a631a1e435732d2dbc13d5c6c4ad45f21db6aceeb"
     "c53a2d6cee83b24c4ef2389cdf97bc9e7bd97ee9b874341254ef4b40634fb970a358ac7f1dfebe090ebfe63f9f"
     "599f68d",
     {{"Host", "127.0.0.1:8080"}}},
    {"odd name",
     "signer",
     "GET",
     "/photos/a%20b/~c%2Bd/%C3%B1%252F%281%29.txt",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host&X-Goog-Signature=7dfb1dc5b0b9a4f1b97a4ec1594afe9fdd1cf0b55a40a0ee4ff36d6"
     "f860265dff313d53fd1cdaab4b70c8bb612fe4e7953bd93cf2faf38123f92a284e070cc7a075c48cab06d3c3bd"
     "8d293aaddfef9ab46b844badfe6159412676ea0f1fdb21f716afc36864901729e382ad388d8c4fe0be82c20e50"
     "3f37ca622697291390ed440465c4442570d90ed99e322155b8d47849315c7c917737d7ce5c659ae73748a93a02"
     "0975ca4813036b8a2f2eb62a1491dbbfb04525fea6243d80e52bf2f8fafad96b824af45ce63dbebba94e31f7d4"
     "21d6783631d7715ac28a84fa203c24cc3f7a0e9972d4cc8706fdbec0c15fdfc37f0238eec708e9f6a37cfb70dc"
     "9700a31",
     {{"Host", "127.0.0.1:8080"}}},
    {"upload",
     "signer",
     "PUT",
     "/photos/in/new.bin",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=content-type%3Bhost&X-Goog-Signature=b82c105ecfa237e5ebfde167bbd7677f663843fd"
     "4e1a9b0354c9dd611eeaae7522ff9b4427ce0539cd7a42d394c2470b7a4f87ae9aa478337fabdbe929919663fb"
     "4304b8e23c19cf66198a22f8f8b4e8d8b4f68d7ac5b81c9b0a7d0ac1b97261f47512ebeb1a4329b16c123c3874"
     "1c0ae283329200bff061178f031e071d15f0757b5e407219b259fbe8d33e7d2da5251c5c3963d51cbe20386391"
     "f493c7e5373e417367efc7f6ad9147a08eecd92050f7dade75e67f71913ec215a70afea6c462be35ed9fee2594"
     "4c6dd343071c7a23292d555292fee20480bf9695fd8d939e848d24686ddc25a0ac43e35afe2d6ca9ffcdc8b67c"
     "063d3cf75c5833b9b1d63c",
     {{"Host", "127.0.0.1:8080"}, {"Content-Type", "application/octet-stream"}}},
    {"resumable",
     "signer",
     "POST",
     "/photos/in/new.bin",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host%3Bx-goog-resumable&X-Goog-Signature=13a9535bddd8b06a4ab6fe713ec638f1c41c"
     "621d9c77437c9a9db8316505d67c4e0e257dea3408fbd97f67c38eeaa1e7280252e22e8a1776f8e5c3c0be288e"
     "44b2846d876ff217990f24d946a98a045937f4b9ca4cdbab7a88af5ac6f9d26ad877ad7fafee2fb023b3c2dbba"
     "6f41aa7f35d7534bc9c481bb126c91b52be793925d38a116480d8c12756004e5426fa874cb28489a2f52783c6b"
     "11e5d3daed18cab0200b61425a94a34c2e66b8e0d0372cf27e2455b728e935605bb915983f01b82f6ade5c4a1e"
     "9b796f557ae364abfdcdefa758dd0ac587d41c18c61af5b944ac7042e8d43ccb50a2035ae10047c5fc87b10482"
     "9f2cc87aff5fae4996f5ab3cca",
     {{"Host", "127.0.0.1:8080"}, {"x-goog-resumable", "start"}}},
    {"spaces in header",
     "signer",
     "PUT",
     "/photos/x",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host%3Bx-goog-meta-note&X-Goog-Signature=62cf3f4dd5779178c1060c431e575ceff7fc"
     "341cbc7466c3a9ea59d4db1b031e850fcd6a8b6051cbddaf1af3a572fca82ab79a83ff0c67074b2057d7cc2f52"
     "8a4088d7a3cf46f41b23b51b33cfd1143033b101afd4baf36ffd310d22f5ba5cc8be0d743a29bb0adcd1f8b600"
     "0b05babb986093121cf28339a91e13bc5e451b1ab142385f2059055fb6ab03b9d11d04e14e0ff5599e2ba6ddc6"
     "947419f100f7125045d83ff084eda8134977d55e504032ba1122ff2deea2c162eb2f449037fdf10d89a0c2dcb2"
     "c3ef2e4b1135ada76f8d5c73435d597e2a9c470954a2e76cc2367399c857e8ff38fcc930733208ede2c41a4b94"
     "f650e5b8d245942d1d69d39dbc",
     {{"Host", "127.0.0.1:8080"}, {"X-Goog-Meta-Note", "  two   blanks  "}}},
    {"parameters",
     "signer",
     "GET",
     "/photos/x",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host&a=b%2Fc&generation=17&response-content-disposition=attachment%3B%20filen"
     "ame%3D%22q.txt%22&z%20z=1%262&X-Goog-Signature=8d76847b49c9a8f4e2b7075d223cac6f55f6323f895"
     "4bf7e2a0bbb000ad3019a526164c20289f7c53c17dbadbc67b3784934ecf0ff4c50f8994b52e1f2bdd3264ebe4"
     "0b912d82f570d6766d6e77c1c3bfb437669b845799deb825c2d638244905fa7eb20cc99b085abaf8398f31e140"
     "3480234465789ca6d314e695e8cd9209c11bad9d8e2bbc6edb268677d9a5e5222ac6be1086f4fdfdc3a50ad48d"
     "987d38d0feab6b548f227ada349b3d495b6c4a1a6b04797530ce0ae9489c9ee1696380f8e26c27117275254c63"
     "9d9111e64bdae7c6b81e3bd72e6d561d2d1644f7a4c9ab83799e99501aaafd9fbac06a4f20c146aa56b65367a5"
     "966756dd481cd70b7a4",
     {{"Host", "127.0.0.1:8080"}}},
    {"bucket",
     "signer",
     "GET",
     "/photos",
     "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=signer%40demo.caudal.local%2F20261123%"
     "2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600&X-Goog-S"
     "ignedHeaders=host&X-Goog-Signature=b3beac04b9d18a14ca28c01eb5117781aaa7dcddfc548ee4b86dc24"
     "33c6b56a6db1b768e80ba78babd6c2cbfbe8dbd0502b1a01b3ca641683887466461f35584bfbd2b26ea711b693"
     "0ee54aa515453dc9d8464c2c48abd12df3813c1c2270200530b8bdedf0e32d270a292c7dd35f966af6ec508086"
     "3b84f3ed68fcec04f737c6e60e2682e590123c15bc4c4e726a4eac2c9711747cece4558c392dd0fbcaf1c1bcbf"
     "2b92d19747dcba45f29110866f3532393382e4ec9bf1cb9de9b24bea726fb5994d558a5f5ad31e81e5cc788d76"
     "9289b1f3c300dfac2cde8fe371910332afd3ce47ba1db0779cd36cd86646fa01ca47def5225a4295c06fb3c64d"
     "100aeb4",
     {{"Host", "127.0.0.1:8080"}}},
    {"s3 query",
     "hmac",
     "GET",
     "/photos/a%20b/%C3%B1~.txt",
     "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=GOOG1EVECTORKEY%2F20261123%2Fus-east-1%2"
     "Fs3%2Faws4_request&X-Amz-Date=20261123T120000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&"
     "X-Amz-Signature=312b688e4a56da75415d771dd14708fbecbd12905877305565c5a9bb0686f19f",
     {{"Host", "127.0.0.1:8080"}}},
    {"s3 query put",
     "hmac",
     "PUT",
     "/photos/new",
     "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=GOOG1EVECTORKEY%2F20261123%2Fus-east-1%2"
     "Fs3%2Faws4_request&X-Amz-Date=20261123T120000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&"
     "X-Amz-Signature=6dad4410a2fe2d67a10842c8ae217349aa15f40d7c5ae8642a6d1e427f5ddfd7",
     {{"Host", "127.0.0.1:8080"}}},
    {"s3 header",
     "hmac",
     "PUT",
     "/photos/dir/new.txt",
     "partNumber=1&uploadId=a%2Bb",
     {{"Host", "127.0.0.1:8080"},
      {"Content-Type", "text/plain"},
      {"X-Amz-Date", "20261123T120000Z"},
      {"X-Amz-Content-SHA256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=GOOG1EVECTORKEY/20261123/us-east-1/s3/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
       "Signature=35ef90021959b95c827b0239798726cedbaf1fabbae97b86f1cd260dad3f7dc3"}}},
    {"s3 header unsigned",
     "hmac",
     "GET",
     "/photos/dir/new.txt",
     "",
     {{"Host", "127.0.0.1:8080"},
      {"X-Amz-Date", "20261123T120000Z"},
      {"X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=GOOG1EVECTORKEY/20261123/us-east-1/s3/aws4_request, "
       "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
       "Signature=fdb51370a1faa893a2ee2bab62b74d85c12cb59cb161db56305fdd761d376d9e"}}},
    {"goog hmac",
     "hmac",
     "GET",
     "/photos/x%20y",
     "X-Goog-Algorithm=GOOG4-HMAC-SHA256&X-Goog-Credential=GOOG1EVECTORKEY%2F20261123%2Fus%2Fsto"
     "rage%2Fgoog4_request&X-Goog-Date=20261123T120000Z&X-Goog-Expires=900&X-Goog-SignedHeaders="
     "host&X-Goog-Signature=1fe51687f648631ca2626032ec8532cd61978d2c0443d3bc3b63d72d5f87a289",
     {{"Host", "127.0.0.1:8080"}}},
};

}  // namespace caudal::auth
