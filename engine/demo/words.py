"""What the demo shop is made of: tables of names, shares and seasons."""

from collections.abc import Sequence
from typing import Final

import numpy as np


def columns(text: str, between: str = " ") -> list[list[str]]:
    """The columns of a table whose rows end with commas."""
    rows = [row.split(between) for row in text.split(",")]
    return [list(column) for column in zip(*rows, strict=True)]


WORKSPACE: Final = "ws_demo"
BRANDS: Final = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
CATALOGS: Final = ("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb")

# The event types, how often one is a session's first event and how often a later one.
TYPES, LANDING, BROWSING = columns(
    "page_view 70 38,search 10 14,agent_view 20 33,agent_atc 0 0,agent_purchase 0 0,"
    "add_to_wishlist 0 5.5,checkout_started 0 0,review_submitted 0 0.8,chat_message 0 7.5,"
    "newsletter_signup 0 1.2,refund 0 0"
)
PAGE, SEARCH, VIEW, CART, BUY, WISH, CHECKOUT, REVIEW, CHAT, SIGNUP, REFUND = range(11)
ALL: Final = range(11)
VISIT: Final = range(10)
CLIENT: Final = (PAGE, SEARCH, WISH, CHECKOUT, REVIEW, SIGNUP)
PRODUCT: Final = (VIEW, CART, BUY, WISH, REVIEW, REFUND)
KEYS: Final[dict[str, Sequence[int]]] = {
    "country": ALL,
    "language": CLIENT,  # what the server records knows no browser
    "device": VISIT,
    "browser": CLIENT,
    "os": CLIENT,
    "app_version": CLIENT,
    "channel": ALL,
    "campaign": ALL,
    "ab_variant": VISIT,
    "coupon": (CHECKOUT, BUY),
    "payment_method": (BUY, REFUND),
    "page": (PAGE,),
    "search_query": (SEARCH,),
    "category": PRODUCT,
    "brand_name": PRODUCT,
}
"""The keys of the metadata, and the types of event that carry them."""
MEDIAN_MS: Final = np.array([14_000, 650, 22_000, 0, 0, 0, 0, 0, 38_000, 0, 0])

COUNTRIES, LANGUAGES, COUNTRY_SHARES = columns(
    "BR pt-BR 340,PT pt-PT 150,US en-US 145,GB en-GB 70,ES es-ES 55,DE de-DE 45,FR fr-FR 40,"
    "AO pt-PT 22,MX es-MX 18,IT it-IT 17,NL nl-NL 14,CA en-CA 13,IE en-IE 10,MZ pt-PT 9,"
    "AR es-AR 9,CH de-CH 8,BE fr-BE 7,CL es-CL 6,CO es-CO 5,CV pt-PT 4,LU fr-FR 4,SE sv-SE 3,"
    "PL pl-PL 3,AU en-AU 2,JP ja-JP 1"
)
# The last column is how likely a purchase is against the average; apps have no browser.
DEVICES, BROWSERS, SYSTEMS, DEVICE_SHARES, DEVICE_LIFTS = columns(
    "mobile/Chrome/Android/25/0.8,mobile/Safari/iOS/19/0.9,mobile/Samsung Internet/Android/5/0.8,"
    "mobile//iOS/6/1.4,mobile//Android/5/1.3,desktop/Chrome/Windows/17/1.2,"
    "desktop/Edge/Windows/6/1.1,desktop/Safari/macOS/6/1.3,desktop/Chrome/macOS/4/1.3,"
    "desktop/Firefox/Windows/2/1,desktop/Firefox/Linux/1/0.9,tablet/Safari/iPadOS/3/1,"
    "tablet/Chrome/Android/1/0.8",
    between="/",
)
CHANNELS, CHANNEL_SHARES, CHANNEL_LIFTS = columns(
    "organic_search 28 1,direct 22 1.2,social 6 0.6,referral 6 1,paid_search 15 1.1,"
    "paid_social 12 0.7,email 8 1.6,affiliate 3 1.1"
)
FIRST_PAID: Final = CHANNELS.index("paid_search")
VARIANTS, VARIANT_SHARES, VARIANT_LIFTS = columns(
    "control 15 1,one_page_checkout 15 1.15,sticky_cart 15 1.04, 55 1"
)
COUPONS, COUPON_SHARES, PERCENTS = columns(
    "WELCOME10 3 10,VIP15 1 15,VOLTA10 1 10,APP5 1 5,FLASH20 1 20, 93 0"
)
PAYMENTS, PAYMENT_SHARES = columns(
    "credit_card 44,pix 24,paypal 12,mb_way 8,apple_pay 6,google_pay 4,boleto 1,gift_card 1"
)
# From and to which day, as month * 100 + day, and how busy the shop then is.
CAMPAIGNS, FIRST_DAYS, LAST_DAYS, CAMPAIGN_LIFTS = columns(
    "winter-sale 103 112 1.3,valentines-gifts 209 214 1.25,spring-collection 318 321 1.45,"
    "mothers-day 425 503 1.3,dia-dos-namorados 607 612 1.25,summer-flash-sale 715 716 1.9,"
    "back-to-routine 901 910 1.2,singles-day 1111 1111 1.6,christmas-gifts 1202 1220 1.4,"
    "quiet-holidays 1224 1226 0.55,new-year 1231 1231 0.6,black-friday 0 0 1,"
    "always-on-brand 0 0 1,retargeting-cart 0 0 1,welcome-series 0 0 1,win-back 0 0 1"
)
BLACK_FRIDAY: Final = CAMPAIGNS.index("black-friday")
BLACK_LIFTS: Final = {-1: 1.5, 0: 2.8, 1: 1.9, 2: 1.7, 3: 2.1}
WEEKS: Final = ((0.96, 0.94, 0.95, 0.98, 1.0, 1.07, 1.1), (1.08, 1.1, 1.09, 1.06, 1.02, 0.8, 0.85))
HOURS: Final = np.array(
    [30, 19, 12, 8, 7, 8, 13, 22, 34, 44, 51, 56, 61, 60, 57, 56, 58, 63, 71, 82, 92, 94, 78, 52]
)

(PAGES,) = columns(
    "/,/new-in,/sale,/bestsellers,/account/orders,/cart,/collections/summer,/gift-ideas,/returns,"
    "/size-guide,/stores,/account/wishlist,/outlet,/help/delivery,/blog/trends,/about,/gift-cards,"
    "/sustainability,/careers,/privacy,/terms"
)
AGENTS: Final = (("mia-stylist", "leo-concierge", "ava-finder"), ("max-tech", "nova-deals"))
# By brand: categories with a typical price and how many of the products they have.
CATEGORIES: Final = (
    "dresses 59 18,tops 29 22,knitwear 49 9,trousers 45 13,outerwear 119 7,shoes 79 14,bags 69 8,"
    "jewellery 35 6,swimwear 39 3",
    "headphones 89 16,phones 399 9,laptops 849 6,smart-home 59 15,kitchen 49 18,lighting 39 12,"
    "gaming 69 11,cables 15 13",
)
MAKERS: Final = (
    "Aurora,Casa Norte,Linho & Sal,Maré Alta,Fjord,Olivia Reis,Terra Viva,Blue Fig,Nuvem",
    "Voltari,Nordlys,Kinto,Sonavox,Lumio,Panela Boa,Hexa,Brightwell,Otto & Filhos,Pixelon",
)
# What is searched for: by brand, in Portuguese and then in English.
NOUNS: Final = (
    "vestido,blusa,saia,calça,casaco,camisa,t-shirt,sapatilhas,sandálias,botas,bolsa,mochila,"
    "cinto,brincos,colar,biquíni,macacão,lenço,óculos de sol,chapéu,pijama,meias,relógio,gravata",
    "dress,blouse,skirt,jeans,coat,shirt,t-shirt,sneakers,sandals,boots,handbag,backpack,"
    "belt,earrings,necklace,bikini,jumpsuit,scarf,sunglasses,hat,pyjamas,socks,watch,tie",
    "auscultadores,telemóvel,portátil,cafeteira,torradeira,candeeiro,lâmpada,aspirador,teclado,"
    "rato,monitor,coluna,carregador,cabo usb-c,câmara,router,impressora,air fryer,cadeira gamer",
    "headphones,phone,laptop,coffee maker,toaster,desk lamp,light bulb,vacuum,keyboard,"
    "mouse,monitor,speaker,charger,usb-c cable,camera,router,printer,air fryer,gaming chair",
)
QUALITIES: Final = (
    ",de verão,de inverno,para festa,de algodão,de linho,de cerimónia,tamanho grande,às flores",
    ",for summer,for winter,for a party,in cotton,in linen,for a wedding,plus size,floral",
    ",sem fios,bluetooth,recondicionado,compatível com android,com garantia,rápido,usb-c,4k",
    ",wireless,bluetooth,refurbished,for android,with warranty,fast,usb-c,4k",
)
ANY_QUALITY: Final = (
    "em promoção,para presente,azul,verde,cinza,bege,laranja,de qualidade,infantil,até 50€,leve,"
    "elegante,mais vendidos,novidades,para viagem,premium,vintage,sustentável,com desconto,"
    "para o trabalho,resistente,original,entrega rápida,com avaliações,para o dia a dia,simples",
    "on sale,as a gift,blue,green,grey,beige,orange,best quality,for kids,under 50,lightweight,"
    "elegant,bestseller,new,for travel,premium,vintage,sustainable,discount,for work,durable,"
    "original,fast delivery,with reviews,for everyday,plain",
)
