package rapids

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Why: time zones work where the machine has none
)

func zonePrims() []Prim {
	return []Prim{
		{Name: "getTimeZone", Help: "the time zone in which times are read and taken apart", run: func(c *call) (Value, error) {
			return Str(c.s.host.Zone()), nil
		}},
		{Name: "setTimeZone", Args: "zone", Help: "sets the time zone", stores: true, run: setZone},
		{Name: "listTimeZones", Help: "the time zones that can be set", run: func(*call) (Value, error) {
			return single("Timezones", levelsColumn(strings.Fields(zoneNames)))
		}},
	}
}

func setZone(c *call) (Value, error) {
	name := c.str(0)
	if c.err != nil {
		return nil, c.err
	}
	if _, err := time.LoadLocation(name); err != nil || !slices.Contains(strings.Fields(zoneNames), name) {
		// H2O: ParseTime.setTimezone
		return nil, c.fail("Unacceptable timezone %s given.  For a list of acceptable names, use listTimezone().", name)
	}
	c.s.host.SetZone(name)
	return Str(name), nil
}
