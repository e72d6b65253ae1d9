package h2o

import (
	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
)

// newSession answers POST /4/sessions.
func (f *facade) newSession(*api.Request, struct{}) (SessionIDV4, error) {
	key, err := f.e.NewSession()
	return SessionIDV4{Schema: "/4/schemas/SessionIdV4", Key: key}, err
}

// initID answers GET /3/InitID.
func (f *facade) initID(*api.Request, sessionIn) (InitIDV3, error) {
	key, err := f.e.NewSession()
	return InitIDV3{sessionIn: sessionIn{key}, Properties: true}, err
}

// endSession answers the two requests that end a session. R does not say which.
func (f *facade) endSession(_ *api.Request, in sessionIn) (InitIDV3, error) {
	if in.Key != "" {
		f.mu.Lock()
		for k := range f.props {
			if k[0] == in.Key {
				delete(f.props, k)
			}
		}
		f.mu.Unlock()
		f.e.EndSession(in.Key)
	}
	return InitIDV3{sessionIn: in, Properties: true}, nil
}

// Bounds of the properties of all sessions together, and of the bytes of one.
const (
	maxProperties = 10000
	maxProperty   = 10000
)

// setProperty answers POST /3/SessionProperties. Properties live as long as
// their session.
func (f *facade) setProperty(_ *api.Request, in propertyIn) (SessionPropertyV3, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(in.Session) + len(in.Key) + len(in.Value); n > maxProperty {
		return SessionPropertyV3{}, errs.Invalidf("value", "the property has %d bytes with its names; %d are accepted", n, maxProperty)
	}
	name := [2]string{in.Session, in.Key}
	if _, ok := f.props[name]; !ok && len(f.props) >= maxProperties {
		return SessionPropertyV3{}, errs.Unavailablef("key", "%d properties are set, which is the limit; end some sessions", maxProperties)
	}
	f.props[name] = in.Value
	return SessionPropertyV3{propertyIn: in}, nil
}

// property answers GET /3/SessionProperties.
func (f *facade) property(_ *api.Request, in propertyIn) (SessionPropertyV3, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	in.Value = f.props[[2]string{in.Session, in.Key}]
	return SessionPropertyV3{propertyIn: in}, nil
}
