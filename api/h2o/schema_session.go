package h2o

// SessionIDV4 names a new session.
type SessionIDV4 struct {
	Schema string `json:"__schema" help:"Path of this schema."`
	Key    string `json:"session_key" help:"Name of the session."`
}

// InitIDV3 names a session.
type InitIDV3 struct {
	request
	sessionIn
	Properties bool `json:"session_properties_allowed" help:"Whether a session can have properties."`
}

// sessionIn names a session.
type sessionIn struct {
	Key string `param:"session_key" help:"Name of the session."`
}

// SessionPropertyV3 is a named text of a session.
type SessionPropertyV3 struct {
	request
	propertyIn
}

// propertyIn is a property to read or to set.
type propertyIn struct {
	Session string `param:"session_key" help:"Name of the session."`
	Key     string `param:"key" help:"Name of the property."`
	Value   string `param:"value" help:"Its value."`
}
