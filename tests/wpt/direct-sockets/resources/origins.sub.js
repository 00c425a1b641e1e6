// The origins that the server has.

"use strict";

function serverOrigins() {
  return {
    own: location.origin,
    // The same site, and so the same event loop.
    otherPort: `https://${location.hostname}:{{ports[https][1]}}`,
    // Another site, and another origin of that.
    other: "https://{{hosts[alt][]}}:{{ports[https][0]}}",
    third: "https://{{hosts[alt][www]}}:{{ports[https][0]}}",
  };
}
