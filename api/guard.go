package api

import (
	"encoding/base64"
	"net"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// admit refuses requests from where none should come. Bound to loopback, the
// server trusts the machine's users but not the web pages they look at: a page
// can post forms to loopback, and a name under its control can resolve to it.
// With keys, every request carries one.
func (s *Server) admit(c *fiber.Ctx) error {
	if s.opt.CheckKey != nil {
		if s.opt.CheckKey(secretOf(c.Get(fiber.HeaderAuthorization))) {
			return nil
		}
		return &Refusal{
			Status: fiber.StatusUnauthorized,
			Msg:    "this server asks for an API key: send it as a bearer token or as the password of HTTP basic authentication",
			Header: map[string]string{fiber.HeaderWWWAuthenticate: `Basic realm="geyser"`},
		}
	}
	host := string(c.Context().Host()) // of the request line where that names one
	if !isLoopback(host) {
		return &Refusal{Status: fiber.StatusForbidden, Msg: "this server answers on loopback only; the request names the host " + host +
			", accepted are localhost, 127.0.0.1 and [::1]"}
	}
	if origin := strings.Clone(c.Get(fiber.HeaderOrigin)); origin != "" {
		if u, err := url.Parse(origin); err != nil || !isLoopback(u.Host) {
			return &Refusal{Status: fiber.StatusForbidden, Msg: "this server answers on loopback only; the request comes from a page of " + origin}
		}
	}
	return nil
}

// isLoopback reports whether a Host header names this machine's loopback.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// secretOf returns the key in an Authorization header, "" if there is none.
func secretOf(header string) string {
	scheme, rest, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "bearer":
		return strings.Clone(strings.TrimSpace(rest))
	case "basic":
		pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if err != nil {
			return ""
		}
		_, password, _ := strings.Cut(string(pair), ":")
		return password
	}
	return ""
}
