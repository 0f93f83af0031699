package builtin

import (
	"slices"
	"strings"
	"sync"
)

// Category is a kind of thing and real things of this kind. No thing belongs to two categories.
type Category struct {
	Name    string   // singular, such as "fruit"
	Members []string // singular, in lower case
}

var categoryTable = [][2]string{
	{"fruit", "apple banana pear grape cherry plum peach lemon mango melon strawberry apricot fig pineapple"},
	{"vegetable", "carrot potato onion cabbage spinach cucumber radish celery broccoli leek lettuce turnip pumpkin"},
	{"animal", "horse dog cat cow sheep goat lion tiger elephant rabbit fox wolf bear camel"},
	{"bird", "eagle owl sparrow robin swan duck pigeon parrot penguin falcon stork goose raven"},
	{"fish", "salmon trout tuna cod herring carp shark pike eel sardine mackerel haddock"},
	{"insect", "ant bee wasp beetle butterfly moth mosquito cricket grasshopper dragonfly termite ladybird"},
	{"tree", "oak pine birch maple willow beech poplar cedar elm spruce fir chestnut"},
	{"flower", "rose tulip lily daisy violet orchid sunflower daffodil iris poppy lavender carnation"},
	{"metal", "iron copper gold silver zinc tin lead nickel aluminium steel bronze brass"},
	{"colour", "red blue green yellow black white brown pink purple grey turquoise beige"},
	{"tool", "hammer saw drill screwdriver shovel rake axe chisel wrench pliers spade scissors"},
	{"vehicle", "car bus train truck bicycle tram lorry van motorcycle tractor taxi scooter"},
	{"instrument", "piano violin guitar flute drum trumpet cello harp clarinet trombone banjo oboe"},
	{"furniture", "table chair sofa bed desk wardrobe shelf bench stool armchair cupboard bookcase"},
	{"clothing", "shirt coat hat sock glove scarf skirt jacket sweater dress trousers shoe"},
	{"drink", "water milk tea coffee juice lemonade wine beer cocoa cider soda whisky"},
}

var parsedCategories = sync.OnceValue(func() []Category {
	categories := make([]Category, len(categoryTable))
	for i, entry := range categoryTable {
		categories[i] = Category{Name: entry[0], Members: strings.Fields(entry[1])}
	}
	return categories
})

// Categories returns kinds of everyday things with twelve to fourteen members each in a fixed
// order. The members are shared: do not change them.
func Categories() []Category { return slices.Clone(parsedCategories()) }
