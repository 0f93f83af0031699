package builtin

import "strings"

// Element is a chemical element.
type Element struct {
	Name   string // English name in lower case
	Symbol string
}

const elementTable = `
hydrogen H, helium He, lithium Li, beryllium Be, boron B, carbon C, nitrogen N, oxygen O, fluorine F, neon Ne,
sodium Na, magnesium Mg, aluminium Al, silicon Si, phosphorus P, sulfur S, chlorine Cl, argon Ar,
potassium K, calcium Ca, scandium Sc, titanium Ti, vanadium V, chromium Cr, manganese Mn, iron Fe, cobalt Co, nickel Ni,
copper Cu, zinc Zn, gallium Ga, germanium Ge, arsenic As, selenium Se, bromine Br, krypton Kr,
rubidium Rb, strontium Sr, yttrium Y, zirconium Zr, niobium Nb, molybdenum Mo, technetium Tc, ruthenium Ru, rhodium Rh,
palladium Pd, silver Ag, cadmium Cd, indium In, tin Sn, antimony Sb, tellurium Te, iodine I, xenon Xe`

// Elements returns the first 54 chemical elements by atomic number.
func Elements() []Element {
	var elements []Element
	for entry := range strings.SplitSeq(elementTable, ",") {
		name, symbol, _ := strings.Cut(strings.TrimSpace(entry), " ")
		elements = append(elements, Element{Name: name, Symbol: symbol})
	}
	return elements
}
