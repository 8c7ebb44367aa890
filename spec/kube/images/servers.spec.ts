/** Heads and pages are those that nginx 1.22.1, Apache 2.4.71 and Go 1.22 sent to the same requests. */
import { expect } from "chai";
import { utf8 } from "../../../lib/base/bytes.ts";
import { Running, run } from "./world.ts";

const DATE = /Date: [^\r]*GMT/g;

/** What curl -i prints, the date left out. */
function shown(text: string): string {
  return text.replace(DATE, "Date: D").replaceAll("\r\n", "\n");
}

describe("kube/images/nginx", () => {
  it("serves its start page with the fields of nginx, in their order", () => {
    const text = shown(run("nginx:1.25.3").ask("curl -si http://10.0.0.2/"));
    const [head = "", body = ""] = text.split("\n\n<!DOCTYPE");

    expect(head).to.equal(
      "HTTP/1.1 200 OK\nServer: nginx/1.25.3\nDate: D\n" +
        "Content-Type: text/html\nContent-Length: 615\nLast-Modified: Tue, 16 Apr 2024 14:29:59 GMT\n" +
        'Connection: keep-alive\nETag: "661e8b67-267"\nAccept-Ranges: bytes\nHostname: web-1',
    );
    expect(body).to.contain("<h1>Welcome to nginx!</h1>");
  });

  it("tries files, and then what try_files names last", () => {
    const web = run({
      image: "nginx:1.27",
      command: ["sh", "-c", "sleep 1; exec nginx -g 'daemon off;'"],
    });
    const { files } = web.container.host;
    const write = (path: string, text: string): void => files.write(path, utf8(text));
    write("/srv/index.html", "start");
    write("/srv/a/index.html", "a");
    write("/srv/b.txt", "b");
    write(
      "/etc/nginx/conf.d/default.conf",
      `server {
  listen 80;
  root /srv;
  location / { try_files $uri $uri/ /index.html; }
  location /strict/ { try_files $uri =404; }
  location /named/ { try_files $uri @other; }
  location @other { return 200 "other $uri"; }
}`,
    );
    web.pass(2);
    const get = (path: string): string => web.ask(`curl -s http://10.0.0.2${path}`);

    expect(get("/b.txt")).to.equal("b");
    expect(get("/a/")).to.equal("a");
    expect(get("/no/such?x=1")).to.equal("start");
    expect(get("/strict/no")).to.contain("404 Not Found");
    expect(get("/named/no")).to.equal("other /named/no");
  });

  it("refuses with its own pages", () => {
    const web = run("docker.io/library/nginx:1.22.1@sha256:abc");

    expect(shown(web.ask("curl -si http://10.0.0.2/nope"))).to.equal(
      "HTTP/1.1 404 Not Found\nServer: nginx/1.22.1\nDate: D\nContent-Type: text/html\n" +
        "Content-Length: 153\nConnection: keep-alive\nHostname: web-1\n\n" +
        "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<center><h1>404 Not Found</h1></center>\n" +
        "<hr><center>nginx/1.22.1</center>\n</body>\n</html>\n",
    );
    expect(web.ask("curl -s -o /dev/null -w '%{http_code}' -X POST http://10.0.0.2/")).to.equal(
      "405",
    );
    expect(web.ask("printf 'BAD\\r\\n\\r\\n' | nc -N 10.0.0.2 80")).to.match(
      /^HTTP\/1\.1 400 Bad Request\r\nServer: nginx\/1\.22\.1\r\n.*Connection: close\r\n/s,
    );
  });

  it("does what a mounted configuration says", () => {
    const web = run({ image: "nginx", command: ["sleep", "1"] });
    web.container.host.files.write(
      "/etc/nginx/conf.d/default.conf",
      new TextEncoder().encode(
        "server { listen 8080; default_type text/plain;\n" +
          'location = /a { return 200 "you are $remote_addr on $hostname\\n"; }\n' +
          "location /old { return 301 http://new/; } # moved\n location / { proxy_pass http://10.0.0.1:9; } }",
      ),
    );
    const started = new Running(web.world, {
      image: "nginx",
    });

    expect(started.ask("curl -s http://10.0.0.2:8080/a")).to.equal("you are 10.0.0.1 on web-1\n");
    expect(
      started.ask(
        "curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://10.0.0.2:8080/old",
      ),
    ).to.equal("301 http://new/");
    expect(started.ask("curl -s http://10.0.0.2:8080/x")).to.contain("502 Bad Gateway");
  });

  it("does not start when an upstream has no address", () => {
    const web = run({ image: "nginx", command: ["sh", "-c", "sleep 1"] });
    web.container.host.files.write(
      "/etc/nginx/conf.d/a.conf",
      new TextEncoder().encode("server {\nlocation / {\nproxy_pass http://no_such!; } }"),
    );
    const started = new Running(web.world, {
      image: "nginx",
    });
    started.pass(30);

    expect(started.status).to.equal(1);
    expect(started.output).to.equal(
      'nginx: [emerg] host not found in upstream "no_such!" in /etc/nginx/conf.d/a.conf:3\n',
    );
  });

  it("ends with status 0 and lets a request that is served finish", () => {
    const web = run("nginx");
    web.world.start("a", "script 'connect 10.0.0.2 80; sleep 100'");
    web.pass(1);

    web.terminate();
    web.pass(1);

    expect(web.status).to.equal(0);
    expect(web.ask("curl -s http://10.0.0.2/; echo $?")).to.equal("7\n");
  });
});

describe("kube/images/httpd", () => {
  it("serves its start page and errors as Apache does", () => {
    const web = run("httpd:2.4.58");

    expect(shown(web.ask("curl -si http://10.0.0.2/"))).to.equal(
      "HTTP/1.1 200 OK\nDate: D\nServer: Apache/2.4.58 (Unix)\nHostname: web-1\n" +
        'Last-Modified: Mon, 11 Jun 2007 18:53:14 GMT\nETag: "2d-432a5e4a73a80"\nAccept-Ranges: bytes\n' +
        "Content-Length: 45\nContent-Type: text/html\n\n<html><body><h1>It works!</h1></body></html>\n",
    );
    expect(shown(web.ask("curl -si --http1.0 http://10.0.0.2/nope"))).to.contain(
      "Content-Length: 236\nConnection: close\nContent-Type: text/html; charset=iso-8859-1\n\n",
    );
  });
});

describe("kube/images/go-images", () => {
  it("echoes a text with the fields of http-echo, and dies of SIGTERM with status 2", () => {
    const web = run({ image: "hashicorp/http-echo:1.0", args: ["-text=hi there", "-listen=:80"] });

    expect(shown(web.ask("curl -si http://10.0.0.2/any"))).to.equal(
      "HTTP/1.1 200 OK\nX-App-Name: http-echo\nX-App-Version: 1.0\nDate: D\nContent-Length: 9\n" +
        "Content-Type: text/plain; charset=utf-8\n\nhi there\n",
    );
    web.terminate();
    web.pass(1);
    expect(web.status).to.equal(2);
  });

  it("greets as hello-app and shows the request as whoami", () => {
    const hello = run("gcr.io/google-samples/hello-app:2.0");
    const whoami = run("traefik/whoami");

    expect(hello.ask("curl -s http://10.0.0.2:8080/")).to.equal(
      "Hello, world!\nVersion: 2.0.0\nHostname: web-1\n",
    );
    expect(whoami.ask("curl -s http://10.0.0.2/a?b=c").replaceAll("\r\n", "\n")).to.match(
      /^Hostname: web-1\nIP: 127\.0\.0\.1\nIP: 10\.0\.0\.2\nRemoteAddr: 10\.0\.0\.1:[0-9]+\nGET \/a\?b=c HTTP\/1\.1\nHost: 10\.0\.0\.2\nUser-Agent: curl\/[0-9.]+\nAccept: \*\/\*\n\n$/,
    );
  });
});

describe("kube/images/agnhost", () => {
  const image = "registry.k8s.io/e2e-test-images/agnhost:2.45";

  it("is well for ten seconds, and then no more: liveness", () => {
    const web = run({ image, args: ["liveness"] });
    const ask = () => web.ask("curl -s -w ' %{http_code}' 10.0.0.2:8080/healthz");
    web.pass(8);

    expect(ask()).to.equal("ok 200");
    web.pass(3);
    expect(ask()).to.match(/^error: 1[1-9]\.[0-9]+ 500$/);
  });

  it("answers over HTTP and UDP as netexec", () => {
    const web = run({ image, args: ["netexec", "--http-port=80", "--udp-port=81"] });

    expect(web.ask("curl -s 'http://10.0.0.2/echo?msg=a+b'")).to.equal("a b");
    expect(web.ask("curl -s http://10.0.0.2/hostname")).to.equal("web-1");
    expect(web.ask("curl -s http://10.0.0.2/clientip")).to.match(/^10\.0\.0\.1:[0-9]+$/);
    expect(web.ask("echo hostname | nc -u -w 1 10.0.0.2 81")).to.equal("web-1");
    expect(web.ask("echo 'echo a b' | nc -u -w 1 10.0.0.2 81")).to.equal("a b");
    expect(web.ask("curl -s 'http://10.0.0.2/shell?cmd=echo+hi;exit+3'")).to.equal(
      '{"error":"exit status 3","output":"hi\\n"}',
    );
    expect(
      web.ask("curl -s 'http://10.0.0.2/dial?host=10.0.0.2&port=80&request=hostname&tries=2'"),
    ).to.equal('{"responses":["web-1","web-1"]}');
    expect(web.ask("curl -s http://10.0.0.2/")).to.match(
      /^NOW: 2023-11-14 22:1[0-9:.]+ \+0000 UTC m=/,
    );
    web.ask("curl -s 'http://10.0.0.2/exit?code=5'");
    expect(web.status).to.equal(5);
  });

  it("goes on for a while after SIGTERM if told to", () => {
    const web = run({ image, args: ["netexec", "--delay-shutdown=10"] });

    web.terminate();
    web.pass(9);
    expect(web.ask("curl -s http://10.0.0.2:8080/hostname")).to.equal("web-1");
    web.pass(2);
    expect(web.status).to.equal(0);
  });

  it("says its name over TCP and closes, as serve-hostname", () => {
    const web = run({ image, args: ["serve-hostname", "--tcp", "--http=false", "--port=7"] });

    expect(web.ask("nc -w 1 10.0.0.2 7")).to.equal("web-1");
  });

  it("connects and tells why it cannot", () => {
    const refused = run({ image, args: ["connect", "10.0.0.1:80", "--timeout=1s"] });
    const silent = run({ image, args: ["connect", "10.0.0.9:80", "--timeout=1s"] });
    silent.pass(5);

    expect([refused.status, refused.output]).to.deep.equal([1, "REFUSED\n"]);
    expect([silent.status, silent.output]).to.deep.equal([1, "TIMEOUT\n"]);
  });
});

describe("kube/images/generic", () => {
  it("listens on the ports of an image that nobody knows", () => {
    const web = run({
      image: "example.com/shop/cart:v3",
      ports: [{ containerPort: 9000 }, { containerPort: 53, protocol: "UDP" }],
    });

    expect(web.ask("curl -s http://10.0.0.2:9000/")).to.equal("Hostname: web-1\n");
    expect(web.ask("echo hi | nc -u -w 1 10.0.0.2 53")).to.equal("hi\n");
    web.terminate();
    web.pass(1);
    expect(web.status).to.equal(143);
  });
});
