/** Owns what shops and dishes of the made-up city are called: word lists put together by a seed. */

/** Cuisines with what is cooked and how such a place calls itself. */
export const CUISINES: Readonly<
  Record<string, { readonly dishes: readonly string[]; readonly places: readonly string[] }>
> = {
  italian: {
    dishes: [
      ...['Margherita Pizza', 'Pepperoni Pizza', 'Lasagna', 'Spaghetti Carbonara', 'Risotto'],
      ...['Penne Arrabbiata', 'Tiramisu', 'Gnocchi', 'Calzone', 'Bruschetta', 'Ravioli'],
    ],
    places: ['Pizzeria', 'Trattoria', 'Osteria', 'Ristorante', 'Pizza', 'Cucina'],
  },
  chinese: {
    dishes: [
      ...['Kung Pao Chicken', 'Fried Rice', 'Mapo Tofu', 'Chow Mein', 'Peking Duck', 'Wonton Soup'],
      ...['Sesame Chicken', 'Spring Rolls', 'Dan Dan Noodles', 'Pork Buns', 'Hot Pot'],
    ],
    places: ['Garden', 'Wok', 'Noodle House', 'Dumplings', 'Palace', 'Kitchen'],
  },
  japanese: {
    dishes: [
      ...['Salmon Nigiri', 'Tonkotsu Ramen', 'Chicken Katsu', 'Tuna Roll', 'Gyoza', 'Miso Soup'],
      ...['Tempura Udon', 'Dragon Roll', 'Unagi Don', 'Edamame', 'Okonomiyaki'],
    ],
    places: ['Sushi', 'Ramen', 'Izakaya', 'Bento', 'Teppanyaki'],
  },
  mexican: {
    dishes: [
      ...['Carnitas Tacos', 'Beef Burrito', 'Chicken Quesadilla', 'Guacamole', 'Enchiladas'],
      ...['Tamales', 'Pozole', 'Churros', 'Fish Tacos', 'Elote', 'Nachos'],
    ],
    places: ['Taqueria', 'Cantina', 'Tacos', 'Burritos', 'Mercado'],
  },
  indian: {
    dishes: [
      ...['Chicken Tikka Masala', 'Palak Paneer', 'Lamb Vindaloo', 'Garlic Naan', 'Samosa'],
      ...['Biryani', 'Butter Chicken', 'Chana Masala', 'Dosa', 'Mango Lassi'],
    ],
    places: ['Tandoor', 'Curry House', 'Masala', 'Spice', 'Dhaba'],
  },
  thai: {
    dishes: [
      ...[
        'Pad Thai',
        'Green Curry',
        'Tom Yum',
        'Papaya Salad',
        'Massaman Curry',
        'Drunken Noodles',
      ],
      ...['Mango Sticky Rice', 'Satay', 'Larb', 'Basil Chicken'],
    ],
    places: ['Thai', 'Basil', 'Orchid', 'Kitchen'],
  },
  american: {
    dishes: [
      ...['Cheeseburger', 'Buffalo Wings', 'Mac and Cheese', 'Pulled Pork', 'Cobb Salad'],
      ...['Pancakes', 'Club Sandwich', 'Milkshake', 'French Fries', 'Meatloaf'],
    ],
    places: ['Diner', 'Grill', 'Burgers', 'Smokehouse', 'Tavern', 'Luncheonette'],
  },
  mediterranean: {
    dishes: [
      ...['Falafel', 'Chicken Shawarma', 'Hummus', 'Tabbouleh', 'Lamb Kofta', 'Baba Ganoush'],
      ...['Halloumi', 'Baklava', 'Gyro', 'Fattoush'],
    ],
    places: ['Meze', 'Grill', 'Taverna', 'Falafel', 'Olive'],
  },
  korean: {
    dishes: [
      ...['Bibimbap', 'Bulgogi', 'Kimchi Stew', 'Korean Fried Chicken', 'Tteokbokki', 'Japchae'],
      ...['Kimbap', 'Galbi'],
    ],
    places: ['Barbecue', 'House', 'Table', 'Kitchen'],
  },
  bakery: {
    dishes: [
      ...['Sourdough Loaf', 'Croissant', 'Cinnamon Roll', 'Everything Bagel', 'Baguette'],
      ...['Carrot Cake', 'Chocolate Cookie', 'Blueberry Muffin', 'Apple Pie', 'Rye Bread'],
    ],
    places: ['Bakery', 'Bagels', 'Patisserie', 'Bread', 'Cakes'],
  },
  coffee: {
    dishes: [
      ...['Flat White', 'Cold Brew', 'Oat Latte', 'Cappuccino', 'Espresso', 'Chai Latte'],
      ...['Avocado Toast', 'Granola Bowl'],
    ],
    places: ['Coffee', 'Roasters', 'Cafe', 'Espresso Bar'],
  },
  vegan: {
    dishes: [
      ...['Beyond Burger', 'Buddha Bowl', 'Jackfruit Tacos', 'Kale Salad', 'Acai Bowl'],
      ...['Lentil Soup', 'Tofu Scramble', 'Green Smoothie'],
    ],
    places: ['Greens', 'Juice', 'Bowls', 'Garden', 'Kitchen'],
  },
};

export const GOODS: readonly string[] = [
  ...['Whole Milk', 'Free Range Eggs', 'Basmati Rice', 'Olive Oil', 'Bananas', 'Cheddar Cheese'],
  ...['Toilet Paper', 'Sparkling Water', 'Ibuprofen Tablets', 'Vitamin C', 'Toothpaste', 'Shampoo'],
  ...['Batteries', 'Notebook', 'Hand Soap', 'Ice Cream', 'Potato Chips', 'Orange Juice', 'Pasta'],
];
export const SHOP_PLACES: readonly string[] = [
  ...['Grocery', 'Market', 'Deli', 'Pharmacy', 'Drugstore', 'Corner Shop', 'Hardware', 'Books'],
];
export const ADJECTIVES: readonly string[] = [
  ...[
    'Golden',
    'Blue',
    'Red',
    'Lucky',
    'Happy',
    'Royal',
    'Little',
    'Grand',
    'Old',
    'New',
    'Silver',
  ],
  ...['Hidden', 'Hungry', 'Wild', 'Green', 'Sunny', 'Crooked', 'Quiet', 'Brave', 'Velvet', 'Salty'],
  ...['Sweet', 'Smoky', 'Spicy', 'Rustic', 'Electric', 'Famous', 'Honest', 'Humble', 'Merry'],
];
export const NOUNS: readonly string[] = [
  ...[
    'Dragon',
    'Lantern',
    'Lion',
    'Bridge',
    'Harbor',
    'Moon',
    'River',
    'Tiger',
    'Anchor',
    'Barrel',
  ],
  ...['Bamboo', 'Lotus', 'Phoenix', 'Sparrow', 'Fox', 'Elephant', 'Orchard', 'Cellar', 'Station'],
  ...['Fork', 'Spoon', 'Ladle', 'Kettle', 'Pepper', 'Fig', 'Juniper', 'Maple', 'Willow', 'Stone'],
  ...['Pelican', 'Whale', 'Rooster', 'Crane', 'Panda', 'Koi', 'Magnolia', 'Sunflower', 'Comet'],
];
export const DISTRICTS: readonly string[] = [
  ...['Astoria', 'Bushwick', 'Chelsea', 'Flatbush', 'Flushing', 'Gowanus', 'Harlem', 'Inwood'],
  ...['Jamaica', 'Kingsbridge', 'Maspeth', 'Midtown', 'Nolita', 'Parkchester', 'Red Hook'],
  ...['Riverdale', 'Soho', 'Sunnyside', 'Tremont', 'Tribeca', 'Williamsburg', 'Woodside'],
];
export const STYLES: readonly string[] = [
  ...['Classic', 'House', 'Crispy', 'Grilled', 'Spicy', 'Homemade', 'Double', 'Family', 'Vegan'],
  ...['Smoked', 'Roasted', 'Loaded', 'Mini', 'Deluxe', 'Traditional', 'Garlic', 'Truffle', 'Honey'],
];

const ONSETS = ['b', 'br', 'c', 'ch', 'd', 'f', 'g', 'gr', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r'];
const MORE_ONSETS = ['s', 'st', 't', 'tr', 'v', 'w', 'z', 'sh'];
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'ai', 'ei', 'io'];
const ENDS = [
  'no',
  'li',
  'ni',
  'ski',
  'man',
  'ez',
  'ov',
  'ra',
  'to',
  'nd',
  'rt',
  'zzi',
  'kas',
  'yan',
];

/** A family name as nobody has it: two or three syllables and an end. */
export function familyName(random: () => number): string {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const onsets = [...ONSETS, ...MORE_ONSETS];
  const syllables = 1 + Math.floor(random() * 2);
  let name = '';
  for (let n = 0; n < syllables; n++) name += pick(onsets) + pick(VOWELS);
  name += pick(ENDS);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
