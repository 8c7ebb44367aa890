/** Expected texts and exit codes were printed by curl 7.88.1 for the same bytes from a server. */
import { expect } from "chai";
import { pair, type World } from "../shell/world.ts";
import { type CannedAnswer, closes, serve, stays } from "./canned-server.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const SERVER = "10.0.0.2:8001";
const CONNECTED = `*   Trying ${SERVER}...\n* Connected to 10.0.0.2 (10.0.0.2) port 8001 (#0)\n`;

function request(target: string, server = SERVER): string {
  return `> GET ${target} HTTP/1.1\n> Host: ${server}\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n`;
}

/** Runs curl against a server that gives these answers. */
function curl(args: string, ...answers: CannedAnswer[]) {
  const world = served(...answers);
  return world.status("a", `curl ${args}`);
}

function served(...answers: CannedAnswer[]): World {
  const world = pair();
  serve(world, 8001, answers);
  return world;
}

describe("apps/curl", () => {
  it("says with -v what it asks and what comes, body by body", () => {
    const cases: [CannedAnswer, number, string, string][] = [
      [
        stays(`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
        0,
        "hello",
        "< HTTP/1.1 200 OK\n< Transfer-Encoding: chunked\n< \n{ [15 bytes data]\n* Connection #0 to host 10.0.0.2 left intact\n",
      ],
      [
        stays(
          `${OK}Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n`,
        ),
        0,
        "abcde",
        "< HTTP/1.1 200 OK\n< Transfer-Encoding: chunked\n< \n{ [40 bytes data]\n* Connection #0 to host 10.0.0.2 left intact\n",
      ],
      [
        closes(`${OK}Connection: close\r\n\r\nuntil close`),
        0,
        "until close",
        "< HTTP/1.1 200 OK\n< Connection: close\n< \n{ [11 bytes data]\n* Closing connection 0\n",
      ],
      [
        closes("HTTP/1.0 200 OK\r\n\r\nold"),
        0,
        "old",
        "* HTTP 1.0, assume close after body\n< HTTP/1.0 200 OK\n< \n{ [3 bytes data]\n* Closing connection 0\n",
      ],
      [
        stays("HTTP/1.1 204 No Content\r\n\r\n"),
        0,
        "",
        "< HTTP/1.1 204 No Content\n< \n* Connection #0 to host 10.0.0.2 left intact\n",
      ],
      [
        stays("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"),
        0,
        "abc",
        "< HTTP/1.1 200 OK\n< Content-Length: 3\n< \n{ [3 bytes data]\n* Connection #0 to host 10.0.0.2 left intact\n",
      ],
      [
        stays(`${OK}Content-Length: 3\r\n\r\nabcdef`),
        0,
        "abc",
        "< HTTP/1.1 200 OK\n< Content-Length: 3\n< \n{ [6 bytes data]\n" +
          "* Excess found in a read: excess = 3, size = 3, maxdownload = 3, bytecount = 0\n* Closing connection 0\n",
      ],
      [
        closes(`${OK}Content-Le`),
        0,
        "",
        "< HTTP/1.1 200 OK\n* Connection #0 to host 10.0.0.2 left intact\n",
      ],
    ];

    for (const [answer, status, out, told] of cases) {
      const err = CONNECTED + request("/") + told;
      expect(curl(`-sSv ${SERVER}/`, answer), answer.text).to.deep.equal({ status, out, err });
    }
  });

  it("ends a damaged answer with curl's code, after the bytes that were good", () => {
    const chunked = "Transfer-Encoding: chunked\r\n\r\n";
    const cases: [CannedAnswer, number, string, string][] = [
      [
        stays(`${OK}${chunked}zz\r\nhello\r\n0\r\n\r\n`),
        56,
        "",
        "Illegal or missing hexadecimal sequence in chunked-encoding",
      ],
      [
        closes(`${OK}${chunked}5\r\nhelloXX0\r\n\r\n`),
        56,
        "hello",
        "Malformed encoding found in chunked-encoding",
      ],
      [
        closes(`${OK}${chunked}5\r\nhel`),
        18,
        "hel",
        "transfer closed with outstanding read data remaining",
      ],
      [
        closes(`${OK}Content-Length: 10\r\n\r\nhel`),
        18,
        "hel",
        "transfer closed with 7 bytes remaining to read",
      ],
      [closes("SSH-2.0-OpenSSH\r\n"), 1, "", "Received HTTP/0.9 when not allowed"],
      [closes(`${OK}Content-Length: abc\r\n\r\nhel`), 8, "", "Invalid Content-Length: value"],
      [closes(`${OK}Content-Length: -5\r\n\r\nhel`), 8, "", "Invalid Content-Length: value"],
      [stays(`${OK}NoColon\r\nContent-Length: 3\r\n\r\nabc`), 8, "", "Header without colon"],
    ];

    for (const [answer, status, out, message] of cases) {
      const err = `curl: (${status}) ${message}\n`;
      expect(curl(`-sS ${SERVER}/`, answer), answer.text).to.deep.equal({ status, out, err });
    }
    expect(curl(`-sS -m 1 ${SERVER}/`, stays(`${OK}Content-Length: 10\r\n\r\nhel`))).to.deep.equal({
      status: 28,
      out: "hel",
      err: "curl: (28) Operation timed out after 1000 milliseconds with 3 out of 10 bytes received\n",
    });
  });

  it("follows redirections over the connection that it has", () => {
    const outcome = curl(
      `-sSvL ${SERVER}/one`,
      stays("HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 3\r\n\r\nabc"),
      stays(`${OK}Content-Length: 4\r\n\r\ntwo\n`),
    );

    expect(outcome.out).to.equal("two\n");
    expect(outcome.err.replace(/0x[0-9a-f]+/, "0x")).to.equal(
      `${CONNECTED}${request("/one")}< HTTP/1.1 302 Found\n< Location: /two\n< Content-Length: 3\n< \n` +
        "* Ignoring the response-body\n{ [3 bytes data]\n* Connection #0 to host 10.0.0.2 left intact\n" +
        `* Issue another request to this URL: 'http://${SERVER}/two'\n* Found bundle for host: 0x [serially]\n` +
        "* Can not multiplex, even if we wanted to\n* Re-using existing connection #0 with host 10.0.0.2\n" +
        `${request("/two")}< HTTP/1.1 200 OK\n< Content-Length: 4\n< \n{ [4 bytes data]\n` +
        "* Connection #0 to host 10.0.0.2 left intact\n",
    );
  });

  it("follows a redirection to another port over a new connection", () => {
    const world = served(
      closes(
        "HTTP/1.1 301 Moved\r\nLocation: http://10.0.0.2:8002/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      ),
    );
    serve(world, 8002, [stays(`${OK}Content-Length: 4\r\n\r\ntwo\n`)]);

    const { out, err } = world.status("a", `curl -sSvL ${SERVER}/`);

    expect(out).to.equal("two\n");
    expect(err).to.equal(
      `${CONNECTED}${request("/")}< HTTP/1.1 301 Moved\n< Location: http://10.0.0.2:8002/x\n` +
        "< Content-Length: 0\n< Connection: close\n< \n* Closing connection 0\n" +
        "* Clear auth, redirects to port from 8001 to 8002\n" +
        "* Issue another request to this URL: 'http://10.0.0.2:8002/x'\n*   Trying 10.0.0.2:8002...\n" +
        "* Connected to 10.0.0.2 (10.0.0.2) port 8002 (#1)\n" +
        `${request("/x", "10.0.0.2:8002")}< HTTP/1.1 200 OK\n< Content-Length: 4\n< \n{ [4 bytes data]\n` +
        "* Connection #1 to host 10.0.0.2 left intact\n",
    );
  });

  it("resolves what a Location field says against the URL", () => {
    const moved = stays("HTTP/1.1 302 Found\r\nLocation: three\r\nContent-Length: 0\r\n\r\n");
    const elsewhere = stays(
      `HTTP/1.1 302 Found\r\nLocation: //${SERVER}/a?b#c\r\nContent-Length: 0\r\n\r\n`,
    );
    const last = stays(`${OK}Content-Length: 4\r\n\r\ntwo\n`);

    expect(
      curl(
        `-sSL ${SERVER}/a/b -w '%{url_effective} %{num_redirects} %{http_code} %{num_connects}\\n'`,
        moved,
        last,
      ).out,
    ).to.equal(`two\nhttp://${SERVER}/a/three 1 200 1\n`);
    expect(
      curl(`-sSL ${SERVER}/a/b -w '%{url_effective} %{redirect_url}\\n'`, elsewhere, last).out,
    ).to.equal(`two\nhttp://${SERVER}/a?b#c \n`);
    expect(
      curl(`-sS ${SERVER}/a/b -w '%{url_effective} %{redirect_url}\\n'`, elsewhere).out,
    ).to.equal(`http://${SERVER}/a/b http://${SERVER}/a?b#c\n`);
  });

  it("tries again with a warning that is cut at 79 columns", () => {
    const world = served(
      stays("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n"),
      stays(`${OK}Content-Length: 3\r\n\r\nok\n`),
    );
    const refused =
      "curl: (7) Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server\n";

    expect(world.status("a", `curl --retry 2 ${SERVER}/`)).to.deep.equal({
      status: 0,
      out: "busy\nok\n",
      err: "Warning: Problem : HTTP error. Will retry in 1 seconds. 2 retries left.\n",
    });
    expect(world.status("a", "curl -S --retry 1 --retry-connrefused 10.0.0.2:81").err).to.equal(
      `${refused}Warning: Problem : connection refused. Will retry in 1 seconds. 1 retries \nWarning: left.\n${refused}`,
    );
    expect(world.status("a", "curl -sS --retry 1 --retry-connrefused 10.0.0.2:81").err).to.equal(
      refused + refused,
    );
  });

  it("prints the head of an error with -i and -f, and its body without -f", () => {
    const missing = stays("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    const head = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n";
    const error = "curl: (22) The requested URL returned error: 404\n";

    expect(curl(`-sSf ${SERVER}/`, missing)).to.deep.equal({ status: 22, out: "", err: error });
    expect(curl(`-sSfi ${SERVER}/`, missing)).to.deep.equal({ status: 22, out: head, err: error });
    expect(curl(`-sSi ${SERVER}/`, missing)).to.deep.equal({
      status: 0,
      out: `${head}none`,
      err: "",
    });
    expect(curl(`-sSI ${SERVER}/`, stays(head))).to.deep.equal({ status: 0, out: head, err: "" });
  });

  it("saves bodies under the names of -o and -O", () => {
    const hello = stays(`${OK}Content-Length: 5\r\n\r\nhello`);
    const world = served(hello, hello, hello);

    world.run("a", `curl -sS -o a -o b ${SERVER}/1 ${SERVER}/2`);
    expect(world.run("a", "cat a b")).to.equal("hellohello");
    expect(
      world.run("a", `curl -sSO ${SERVER}/f.txt -w '%{filename_effective} %{size_download}\\n'`),
    ).to.equal("f.txt 5\n");
    expect(curl(`-sSO ${SERVER}/`, hello)).to.deep.equal({
      status: 23,
      out: "",
      err: "curl: (23) Failed writing received data to disk/application\n",
    });
  });

  it("sends what -d, -G, -H, -A and -X ask for", () => {
    const cases: [string, string][] = [
      [
        "-d a=1 -d b=2 ",
        "> POST / HTTP/1.1\n> Host: 10.0.0.2:8001\n> User-Agent: curl/7.88.1\n> Accept: */*\n" +
          "> Content-Length: 7\n> Content-Type: application/x-www-form-urlencoded\n> \n} [7 bytes data]\n",
      ],
      [
        "-H 'Host: web' -H 'Accept:' -H 'X-A: 1' -H 'X-B;' -A me ",
        "> GET / HTTP/1.1\n> Host: web\n> User-Agent: me\n> X-A: 1\n> X-B:\n> \n",
      ],
      ["-G -d a=1 -d b=2 '-H' 'A: b' ", request("/?a=1&b=2").replace("> \n", "> A: b\n> \n")],
      [
        "-X PUT -d '' ",
        "> PUT / HTTP/1.1\n> Host: 10.0.0.2:8001\n> User-Agent: curl/7.88.1\n> Accept: */*\n" +
          "> Content-Length: 0\n> Content-Type: application/x-www-form-urlencoded\n> \n",
      ],
    ];

    for (const [args, sent] of cases) {
      const answer = stays("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
      expect(curl(`-sSv ${args}${SERVER}/`, answer).err, args).to.equal(
        `${CONNECTED}${sent}< HTTP/1.1 404 Not Found\n< Content-Length: 4\n< \n{ [4 bytes data]\n` +
          "* Connection #0 to host 10.0.0.2 left intact\n",
      );
    }
  });

  it("refuses command lines and URLs as curl does", () => {
    const hint = "curl: try 'curl --help' or 'curl --manual' for more information\n";
    const badUrl = "curl: (3) URL using bad/illegal format or missing URL\n";
    const cases: [string, number, string][] = [
      ["", 2, hint],
      ["-m", 2, `curl: option -m: requires parameter\n${hint}`],
      [
        "--retry x 10.0.0.2",
        2,
        `curl: option --retry: expected a proper numerical parameter\n${hint}`,
      ],
      ["-sS http://", 3, badUrl],
      ["-sS http://10.0.0.2:99999/", 3, badUrl],
      ["-sS foo://10.0.0.2/", 1, 'curl: (1) Protocol "foo" not supported or disabled in libcurl\n'],
      ["-sS --interface nope0 10.0.0.2", 45, "curl: (45) Couldn't bind to 'nope0'\n"],
      [
        "-sS --interface 10.9.9.9 10.0.0.2",
        45,
        "curl: (45) bind failed with errno 99: Cannot assign requested address\n",
      ],
      [
        "-sS 10.99.0.1/",
        7,
        "curl: (7) Failed to connect to 10.99.0.1 port 80 after 0 ms: Couldn't connect to server\n",
      ],
    ];

    for (const [args, status, err] of cases) {
      expect(curl(args), args).to.deep.equal({ status, out: "", err });
    }
  });
});
